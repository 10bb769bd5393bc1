//! Where a registry is, as it is written on a command line.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use super::Registry;
use super::bucket::Bucket;
use super::error::RegistryError;

/// Where a registry is: a folder, or an address in an object store.
///
/// Whatever has no scheme is a folder. Credentials are no part of an address: they stand in the environment
/// (`docs/registry.md`).
///
/// ```
/// use std::ffi::OsStr;
///
/// use propensity::registry::RegistryPlace;
///
/// let place = RegistryPlace::parse(OsStr::new("s3://models/smb/"))?;
/// assert_eq!(place.to_string(), "s3://models/smb");
/// assert!(matches!(RegistryPlace::parse(OsStr::new("models/smb"))?, RegistryPlace::Folder(_)));
/// assert!(RegistryPlace::parse(OsStr::new("gs://models/smb")).is_err());
/// # Ok::<(), propensity::registry::RegistryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryPlace {
    /// A folder of this machine, or of a file server that keeps locks.
    Folder(PathBuf),
    /// `s3://BUCKET/PREFIX`: Amazon S3, or a store that speaks its language.
    S3(BucketAddress),
    /// `az://CONTAINER/PREFIX`: Azure Blob Storage.
    Azure(BucketAddress),
}

/// A bucket and where the registry is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketAddress {
    /// The bucket or container.
    pub bucket: String,
    /// The folder in it, without a slash at either end; empty for the bucket itself.
    pub prefix: String,
}

impl RegistryPlace {
    /// Reads a path or an address.
    ///
    /// # Errors
    /// [`RegistryError::Address`] for an unknown scheme, and for a bucket or prefix with other characters than letters,
    /// digits and `-_.=`. The message does not repeat what may be a password.
    pub fn parse(text: &OsStr) -> Result<Self, RegistryError> {
        let address = text.to_str().and_then(|text| text.split_once("://"));
        let Some((scheme, rest)) = address.filter(|(scheme, _)| is_scheme(scheme)) else {
            if text.is_empty() {
                return Err(RegistryError::Address { found: String::new(), fault: "it is empty".to_owned() });
            }
            return Ok(Self::Folder(text.into()));
        };
        let refused = |fault: &str| {
            Err(RegistryError::Address { found: format!("{scheme}://"), fault: fault.to_owned() })
        };
        let kind = match scheme {
            "s3" => Self::S3,
            "az" => Self::Azure,
            _ => return refused("this kind of address is not known"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_name(bucket) {
            return refused(
                "a bucket is named by letters, digits, '-', '_' and '.'; keys belong into the environment",
            );
        }
        if !prefix.is_empty() && !prefix.split('/').all(is_name) {
            return refused(
                "the parts of a prefix have letters, digits, '-', '_', '.' and '=', and none is empty, '.' or '..'",
            );
        }
        Ok(kind(BucketAddress { bucket: bucket.to_owned(), prefix: prefix.to_owned() }))
    }

    /// The registry there. Nothing is asked of it yet: a folder is made with the first write, a bucket must be there by then.
    ///
    /// # Errors
    /// [`RegistryError::Settings`] when the environment does not say how to reach an object store.
    pub fn open(&self) -> Result<Registry, RegistryError> {
        match self {
            Self::Folder(folder) => Ok(Registry::open(folder)),
            Self::S3(address) => Ok(Registry::on(Box::new(Bucket::s3(address)?))),
            Self::Azure(address) => Ok(Registry::on(Box::new(Bucket::azure(address)?))),
        }
    }
}

impl fmt::Display for RegistryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, BucketAddress { bucket, prefix }) = match self {
            Self::Folder(folder) => return folder.display().fmt(f),
            Self::S3(address) => ("s3", address),
            Self::Azure(address) => ("az", address),
        };
        write!(f, "{scheme}://{bucket}{}{prefix}", if prefix.is_empty() { "" } else { "/" })
    }
}

/// Longer than the letter of a drive.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_name(part: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
    !part.is_empty() && part != "." && part != ".." && part.bytes().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<RegistryPlace, String> {
        RegistryPlace::parse(OsStr::new(text)).map_err(|error| error.to_string())
    }

    fn address(bucket: &str, prefix: &str) -> BucketAddress {
        BucketAddress { bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, place) in [
            ("s3://b", RegistryPlace::S3(address("b", ""))),
            ("s3://my.bucket-1/p", RegistryPlace::S3(address("my.bucket-1", "p"))),
            ("az://models/team/region=eu", RegistryPlace::Azure(address("models", "team/region=eu"))),
        ] {
            assert_eq!(parsed(text), Ok(place.clone()));
            assert_eq!(parsed(&format!("{text}/")), Ok(place.clone()));
            assert_eq!(place.to_string(), text);
        }
        for folder in ["r", "/a/b", "./s3:/x", "C:\\registry", "c://registry", "a/b://c", "s3", "é://x"] {
            assert_eq!(parsed(folder), Ok(RegistryPlace::Folder(folder.into())));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in [
            "gs://b/p",
            "s4://b",
            "file:///r",
            "S3://b",
            "https://b.example/p",
            "s3://",
            "s3:///p",
            "s3://b//p",
            "s3://b/../p",
            "s3://b/p?sig=secret",
            "s3://key:secret@b/p",
            "az://b/secret#",
            "az://b/p q",
            "",
        ] {
            let said = parsed(text).unwrap_err();
            assert!(
                said.contains("expected a folder, s3://BUCKET/PREFIX or az://CONTAINER/PREFIX"),
                "{said}"
            );
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
