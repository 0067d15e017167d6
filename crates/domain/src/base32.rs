//! Crockford's base 32: no symbol that a person takes for another.

/// Without I, L, O and U.
pub(crate) const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Value of a symbol as a person may type it: any case, O for 0, I and L for 1.
pub(crate) fn value(symbol: char) -> Option<u8> {
    let symbol = match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    SYMBOLS
        .iter()
        .position(|s| char::from(*s) == symbol)
        .and_then(|at| u8::try_from(at).ok())
}

/// The symbol of a value below 32.
pub(crate) fn symbol(value: u8) -> char {
    char::from(SYMBOLS[usize::from(value & 31)])
}
