//! Refresh tokens: what is accepted is short, and is the same token when it is told again.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The files alone, since the whole of identity would bring every dependency of it.
#[allow(dead_code, reason = "only what a client sends is of interest")]
#[path = "../../services/identity/src/secret.rs"]
mod secret;
#[allow(dead_code, reason = "only what a client sends is of interest")]
#[path = "../../services/identity/src/sessions/token.rs"]
mod token;

use token::{Holder, RefreshToken};

const TEXT_BYTES_MAX: usize = 256;

fuzz_target!(|text: &str| {
    let Some(token) = RefreshToken::parse(text) else {
        return;
    };
    assert!(text.len() <= TEXT_BYTES_MAX);
    let told = token.reveal();
    // A cloud ID may come in another spelling than it is told in, the rest may not.
    assert!(told == text || matches!(token.holder, Holder::Device(_)));
    if told.len() <= TEXT_BYTES_MAX {
        let again = RefreshToken::parse(&told).expect("our own spelling");
        assert_eq!(again.holder, token.holder);
        assert_eq!(again.session, token.session);
        assert!(again.family == token.family && again.secret == token.secret);
    }
});
