//! Header, checksum and payload.

use std::fmt::Write as _;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ArtifactError;
use crate::output::write_whole;
use crate::quantity::AsOf;

/// The name every model file carries.
pub const FORMAT: &str = "propensity-model";
/// The version of the file format this release writes.
pub const FORMAT_VERSION: u32 = 1;
/// The oldest version this release reads.
pub const FORMAT_OLDEST_SUPPORTED: u32 = 1;

/// Something that can be the content of a model file.
pub trait Payload: Serialize + DeserializeOwned {
    /// Tells one content from another; part of the header.
    const KIND: &'static str;
}

/// Where a model comes from; part of the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The date of the knowledge it was fitted on.
    pub as_of: Option<AsOf>,
    /// Fingerprint of the features it reads.
    pub signature: String,
}

/// What can be known of a model file before its payload is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always [`FORMAT`].
    pub format: String,
    /// Version of the file format.
    pub format_version: u32,
    /// What the payload is.
    pub kind: String,
    /// The release that wrote the file.
    pub written_by: String,
    /// The date of the knowledge the model was fitted on.
    pub as_of: Option<AsOf>,
    /// Fingerprint of the features the model reads.
    pub signature: String,
    /// SHA-256 of the payload in canonical form, in hexadecimal.
    pub checksum: String,
}

impl Header {
    /// The name of this very model: the first twelve digits of its checksum.
    pub fn model_version(&self) -> &str {
        self.checksum.get(..12).unwrap_or(&self.checksum)
    }
}

/// The canonical form: keys in order, no white space, shortest numbers that read back to the same value.
fn canonical(value: &impl Serialize, path: &Path) -> Result<String, ArtifactError> {
    let ordered: Value = serde_json::to_value(value)
        .map_err(|source| ArtifactError::Payload { path: path.to_path_buf(), source })?;
    Ok(ordered.to_string())
}

/// SHA-256 of `bytes` in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// SHA-256 of a file, in hexadecimal, and its size; memory is constant.
pub(crate) fn sha256_of_file(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = std::fs::File::open(path)?;
    let (mut digest, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 18]);
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer)?;
        if read == 0 {
            return Ok((hexadecimal(&digest.finalize()), bytes));
        }
        digest.update(&buffer[..read]);
        bytes += read as u64;
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn envelope<P: Payload>(
    payload: &P,
    origin: &Origin,
    path: &Path,
) -> Result<(Header, Vec<u8>), ArtifactError> {
    let body = canonical(payload, path)?;
    let header = Header {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        kind: P::KIND.to_owned(),
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        as_of: origin.as_of,
        signature: origin.signature.clone(),
        checksum: sha256_hex(body.as_bytes()),
    };
    let head = serde_json::to_string_pretty(&header)
        .map_err(|source| ArtifactError::Payload { path: path.to_path_buf(), source })?;
    let head = head.trim_end_matches("\n}");
    Ok((header, format!("{head},\n  \"payload\": {body}\n}}\n").into_bytes()))
}

/// The header and the bytes of a model file. Equal payloads and origins give equal bytes.
///
/// # Errors
/// [`ArtifactError::Payload`] when the payload has no JSON form.
pub fn to_bytes<P: Payload>(payload: &P, origin: &Origin) -> Result<(Header, Vec<u8>), ArtifactError> {
    envelope(payload, origin, Path::new("model"))
}

/// Writes a model file, whole or not at all, and returns its header.
///
/// # Errors
/// [`ArtifactError::Payload`] when the payload has no JSON form, [`ArtifactError::Output`] when the file cannot be
/// written.
pub fn save<P: Payload>(payload: &P, origin: &Origin, path: &Path) -> Result<Header, ArtifactError> {
    let (header, bytes) = envelope(payload, origin, path)?;
    write_whole(path, &bytes)?;
    Ok(header)
}

/// Reads a model file.
///
/// # Errors
/// [`ArtifactError::Unreadable`] when the file cannot be read, else as [`from_bytes`].
pub fn load<P: Payload>(path: &Path) -> Result<(Header, P), ArtifactError> {
    let bytes = std::fs::read(path)
        .map_err(|source| ArtifactError::Unreadable { path: path.to_path_buf(), source })?;
    from_bytes(&bytes, path)
}

/// Reads the bytes of a model file; `path` is only for messages.
///
/// # Errors
/// [`ArtifactError::NotAModel`], [`ArtifactError::TooNew`], [`ArtifactError::TooOld`], [`ArtifactError::WrongKind`],
/// [`ArtifactError::Checksum`] or [`ArtifactError::Payload`], whichever is met first in this order.
pub fn from_bytes<P: Payload>(bytes: &[u8], path: &Path) -> Result<(Header, P), ArtifactError> {
    let path = path.to_path_buf();
    let not_a_model =
        |reason: String| ArtifactError::NotAModel { path: path.clone(), reason, expected: FORMAT };
    let mut document: Value =
        serde_json::from_slice(bytes).map_err(|error| not_a_model(error.to_string()))?;
    let payload = document.as_object_mut().and_then(|fields| fields.remove("payload"));
    let name = document.get("format").and_then(Value::as_str).unwrap_or("nothing");
    if name != FORMAT {
        return Err(not_a_model(format!("its format is {name}")));
    }
    let header: Header = serde_json::from_value(document).map_err(|error| not_a_model(error.to_string()))?;
    check_version(&header, &path)?;
    if header.kind != P::KIND {
        return Err(ArtifactError::WrongKind { path, found: header.kind, expected: P::KIND });
    }
    let Some(payload) = payload else { return Err(not_a_model("it has no payload".to_owned())) };
    let found = sha256_hex(payload.to_string().as_bytes());
    if found != header.checksum {
        return Err(ArtifactError::Checksum { path, found, expected: header.checksum });
    }
    let payload =
        serde_json::from_value(payload).map_err(|source| ArtifactError::Payload { path, source })?;
    Ok((header, payload))
}

fn check_version(header: &Header, path: &Path) -> Result<(), ArtifactError> {
    let (path, found, written_by) = (path.to_path_buf(), header.format_version, header.written_by.clone());
    if found > FORMAT_VERSION {
        Err(ArtifactError::TooNew { path, found, supported: FORMAT_VERSION, written_by })
    } else if found < FORMAT_OLDEST_SUPPORTED {
        Err(ArtifactError::TooOld { path, found, supported: FORMAT_OLDEST_SUPPORTED, written_by })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Coded;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Numbers(Vec<f64>);

    impl Payload for Numbers {
        const KIND: &'static str = "numbers";
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Other(Vec<f64>);

    impl Payload for Other {
        const KIND: &'static str = "other";
    }

    fn file() -> String {
        let origin = Origin { as_of: Some("2026-01-01".parse().unwrap()), signature: "00ff".into() };
        String::from_utf8(to_bytes(&Numbers(vec![0.1, -3.0, 1e-17]), &origin).unwrap().1).unwrap()
    }

    fn read(text: &str) -> Result<(Header, Numbers), ArtifactError> {
        from_bytes(text.as_bytes(), Path::new("m.json"))
    }

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        let (header, numbers) = read(&file()).unwrap();
        assert_eq!(numbers, Numbers(vec![0.1, -3.0, 1e-17]));
        assert_eq!(header.as_of.unwrap().to_string(), "2026-01-01");
        assert_eq!(header.model_version().len(), 12);
    }

    #[test]
    fn every_kind_of_wrong_file_has_its_own_code() {
        let good = file();
        let cases = [
            ("not JSON".to_owned(), "E_MODEL_FORMAT"),
            ("{\"format\": \"onnx\"}".to_owned(), "E_MODEL_FORMAT"),
            (good.replace("\"format_version\": 1", "\"format_version\": 2"), "E_MODEL_TOO_NEW"),
            (good.replace("\"format_version\": 1", "\"format_version\": 0"), "E_MODEL_TOO_OLD"),
            (good.replace("0.1,", "0.2,"), "E_MODEL_CHECKSUM"),
            (good[..good.len() / 2].to_owned(), "E_MODEL_FORMAT"),
        ];
        for (text, code) in cases {
            assert_eq!(read(&text).unwrap_err().code(), code, "{text}");
        }
        let other = from_bytes::<Other>(good.as_bytes(), Path::new("m.json")).unwrap_err();
        assert_eq!(other.code(), "E_MODEL_KIND");
    }
}
