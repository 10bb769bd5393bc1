//! The model file: one JSON document with a header, a checksum and a payload, and no code in it.
//!
//! This room knows no model. A fitted line implements [`Payload`]; the envelope gives it a format name, a version, a
//! kind and a checksum. The header is read first: a file of another format, kind or version is refused before its
//! payload is looked at. The field-by-field specification is `docs/format.md`.
//!
//! ```
//! use propensity::artifact::{self, Origin, Payload};
//! # #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! struct Weights(Vec<i32>);
//! impl Payload for Weights {
//!     const KIND: &'static str = "weights";
//! }
//!
//! let (_, bytes) = artifact::to_bytes(&Weights(vec![3, -1]), &Origin::default())?;
//! let (header, weights): (_, Weights) = artifact::from_bytes(&bytes, "weights.json".as_ref())?;
//! assert_eq!(weights, Weights(vec![3, -1]));
//! assert_eq!(header.kind, "weights");
//!
//! let damaged = String::from_utf8_lossy(&bytes).replace("-1", "-2").into_bytes();
//! assert!(artifact::from_bytes::<Weights>(&damaged, "weights.json".as_ref()).is_err());
//! # Ok::<(), artifact::ArtifactError>(())
//! ```

mod envelope;
mod error;

pub use envelope::{
    FORMAT, FORMAT_OLDEST_SUPPORTED, FORMAT_VERSION, Header, Origin, Payload, from_bytes, load, save,
    to_bytes,
};
pub(crate) use envelope::{hexadecimal, sha256_hex, sha256_of_file};
pub use error::ArtifactError;
