//! Bytes of scripts as text of messages.

use base64::Engine as _;

use crate::os::machine;

/// Text and how it is encoded: UTF-8 where it is, base64 otherwise.
pub(crate) enum Piece {
    Text(String),
    Base64(String),
}

/// A piece of a stream. A character that is cut at the end is left for the next piece.
/// Returns how many bytes were taken.
pub(crate) fn piece(bytes: &[u8]) -> (Piece, usize) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Piece::Text(text.to_owned()), bytes.len()),
        Err(fault) if fault.error_len().is_none() && fault.valid_up_to() > 0 => {
            let whole = fault.valid_up_to();
            (Piece::Text(String::from_utf8_lossy(&bytes[..whole]).into_owned()), whole)
        }
        Err(_) => (Piece::Base64(base64::engine::general_purpose::STANDARD.encode(bytes)), bytes.len()),
    }
}

/// NUL and invalid UTF-8 are replaced: never a reason to lose a result.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "\u{FFFD}")
}

/// 16 random bytes as 32 hexadecimal characters.
pub fn random_id() -> std::io::Result<String> {
    let mut bytes = [0u8; 16];
    machine::random(&mut bytes)?;
    Ok(hex(&bytes))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_a_cut_character_for_the_next_piece() {
        let bytes = "aé".as_bytes();
        let (Piece::Text(text), taken) = piece(&bytes[..2]) else {
            panic!("text expected")
        };
        assert_eq!((text.as_str(), taken), ("a", 1));
    }

    #[test]
    fn gives_what_is_no_text_as_base64() {
        let (Piece::Base64(text), taken) = piece(&[0xff, 0x00, 0x41]) else {
            panic!("base64 expected")
        };
        assert_eq!((text.as_str(), taken), ("/wBB", 3));
    }
}
