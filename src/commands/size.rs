//! An encrypted file is larger than its plain text; one that nobody could read again is not written.

use crate::failure::{Failure, Kind};
use crate::fsio::read::DOCUMENT_LIMIT;

/// Refuses a text of that many bytes when it could not be read again.
///
/// # Errors
/// [`Kind::TooLarge`].
pub fn check(name: &str, length: usize) -> Result<(), Failure> {
    if u64::try_from(length).is_ok_and(|length| length <= DOCUMENT_LIMIT) {
        return Ok(());
    }
    let text =
        format!("{name} would be larger than {DOCUMENT_LIMIT} bytes when it is encrypted, and could not be read again");
    Err(Failure::new(Kind::TooLarge, text))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_can_be_read_can_be_written() {
        assert!(check("a", 512 * 1024 * 1024).is_ok());
        assert!(check("a", 512 * 1024 * 1024 + 1).is_err());
    }
}
