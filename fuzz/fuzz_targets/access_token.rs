//! Access tokens: nothing but what was signed is accepted, and that only up to the longest token.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sightline_rpc::token::{Claims, Signer, Verifier};

/// Long before the tokens expire, milliseconds since the Unix epoch.
const NOW_UNIX_MS: i64 = 1_700_000_000_000;
/// The verifier's own limit.
const TOKEN_BYTES_MAX: usize = 2048;
/// A key of Ed25519 as PKCS#8 (RFC 8410), so that the first inputs are signed by it.
const KEY: [u8; 48] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20\
    a key that signs fuzz tests only";

struct Tokens {
    verifier: Verifier,
    /// An ordinary one, and the longest.
    good: [String; 2],
}

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let signer = Signer::from_pkcs8(&KEY).expect("a key");
    let token = |session_bytes: usize| {
        let claims = Claims {
            sub: "0190a000-0000-7000-8000-000000000001".into(),
            device: None,
            sid: "s".repeat(session_bytes),
            iat: 1_700_000_000,
            exp: 1_800_000_000,
            session_exp: None,
        };
        signer.sign(&claims).expect("a key that signs")
    };
    let fit = (36..)
        .map(token)
        .take_while(|token| token.len() <= TOKEN_BYTES_MAX);
    Tokens {
        verifier: signer.verifier(),
        good: [token(36), fit.last().expect("the ordinary one fits")],
    }
});

fuzz_target!(|text: &str| {
    let verified = TOKENS.verifier.verify(text, NOW_UNIX_MS);
    let good = TOKENS.good.iter().any(|good| good == text);
    assert_eq!(verified.is_ok(), good);
});
