//! ES256: by this signature the holder of a sign-in proves to be the one who signed in.
//!
//! The keys and signatures of JSON web tokens, on the library that does our TLS.

use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::SignatureScheme;
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::sign::SigningKey;

/// Bytes of a coordinate, and of each number of a signature.
const SIZE: usize = 32;

/// A private key on the curve P-256.
pub struct Key {
    key: Arc<dyn SigningKey>,
    public: [u8; 2 * SIZE],
}

impl Key {
    /// Of DER, as SEC 1 or PKCS #8 has it. `None`: there is no such key in it.
    #[must_use]
    pub fn read(der: Vec<u8>) -> Option<Self> {
        let key = any_ecdsa_type(&PrivateKeyDer::try_from(der).ok()?).ok()?;
        key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256])?;
        // The coordinates are what a public key ends with.
        let public = *key.public_key()?.last_chunk()?;
        Some(Self { key, public })
    }

    /// The coordinates x and y of the public key.
    #[must_use]
    pub fn public(&self) -> (&[u8], &[u8]) {
        self.public.split_at(SIZE)
    }

    /// The numbers r and s for the hash of `message`. `None`: the system has no random numbers.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<[u8; 2 * SIZE]> {
        let signer = self.key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256])?;
        fixed(&signer.sign(message).ok()?)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The two numbers of an ASN.1 signature, each in its full size.
fn fixed(signature: &[u8]) -> Option<[u8; 2 * SIZE]> {
    let mut numbers = [0; 2 * SIZE];
    let mut rest = signature.get(2..)?;
    for number in numbers.chunks_exact_mut(SIZE) {
        let (digits, after) = rest.get(2..)?.split_at_checked((*rest.get(1)?).into())?;
        // A first byte of zero says that the number is not negative.
        let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
        number.get_mut(SIZE.checked_sub(digits.len())?..)?.copy_from_slice(digits);
        rest = after;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_numbers_have_one_size() {
        let numbers = fixed(&[0x30, 7, 2, 1, 5, 2, 2, 0, 0x80]).expect("two numbers");
        assert_eq!((numbers[31], numbers[63]), (5, 0x80));
        assert_eq!(numbers.iter().filter(|&&digit| digit != 0).count(), 2);
        for bad in [&[][..], &[0x30], &[0x30, 3, 2, 9, 1], &[0x30, 3, 2, 1, 5]] {
            assert_eq!(fixed(bad), None);
        }
        let long = [&[0x30, 40, 2, 33][..], &[1; 33], &[2, 1, 1]].concat();
        assert_eq!(fixed(&long), None);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(Key::read(Vec::new()).is_none());
        assert!(Key::read(b"no key at all".to_vec()).is_none());
    }
}
