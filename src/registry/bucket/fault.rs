//! What an object store says when it does not do as asked, in one line and without credentials.

use std::error::Error as _;
use std::io;

use object_store::Error;

/// Longest text of a store that is repeated, in characters.
const LONGEST: usize = 400;

/// An object store did not do as asked; it comes as the inner error of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// There is no such bucket or container.
    #[error("there is no such bucket or container ({said})")]
    NoBucket {
        /// What the store said.
        said: String,
    },
    /// The credentials are missing, wrong, or do not allow it.
    #[error("the store refuses the credentials ({said})")]
    Denied {
        /// What the store said.
        said: String,
    },
    /// The store says that the request is none.
    #[error("the store refuses the request ({said}); nothing was written")]
    Refused {
        /// What the store said.
        said: String,
    },
    /// The store cannot be reached or gives up.
    #[error("the store fails ({said})")]
    Failed {
        /// What the store, or the network, said.
        said: String,
    },
    /// No answer came to a conditional write, nor to the question what became of it.
    #[error("a conditional write was not answered ({said}); it may have been done")]
    Unanswered {
        /// What the store, or the network, said.
        said: String,
    },
    /// The store cannot write under a condition.
    #[error("the store offers no conditional writes ({said}); nothing was written")]
    Unsupported {
        /// What the store said.
        said: String,
    },
    /// The store writes although the condition does not hold.
    #[error("the store ignores {condition}, so of two writers both would win; nothing was written")]
    Ignored {
        /// The header with the condition.
        condition: &'static str,
    },
    /// Others wrote at the same moment, again and again.
    #[error("others write at the same moment")]
    Busy,
    /// A request could not be made at all.
    #[error("no request could be made: {source}")]
    Request {
        /// What this machine said.
        #[from]
        source: io::Error,
    },
}

impl BucketError {
    pub(super) fn of(error: &Error) -> Self {
        let said = said(error);
        match error {
            Error::NotFound { .. } => Self::NoBucket { said },
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Self::Denied { said },
            Error::NotImplemented { .. } | Error::NotSupported { .. } => Self::Unsupported { said },
            _ if is_refused(error) => Self::Refused { said },
            _ => Self::Failed { said },
        }
    }

    /// As the fate of a write to which no answer came.
    pub(super) fn unanswered(self) -> Self {
        match self {
            Self::Failed { said } => Self::Unanswered { said },
            clear => clear,
        }
    }
}

impl From<BucketError> for io::Error {
    fn from(error: BucketError) -> Self {
        let kind = match &error {
            BucketError::NoBucket { .. } => io::ErrorKind::NotFound,
            BucketError::Denied { .. } => io::ErrorKind::PermissionDenied,
            BucketError::Unsupported { .. } | BucketError::Ignored { .. } => io::ErrorKind::Unsupported,
            BucketError::Busy => io::ErrorKind::WouldBlock,
            BucketError::Refused { .. } | BucketError::Failed { .. } | BucketError::Unanswered { .. } => {
                io::ErrorKind::Other
            }
            BucketError::Request { source } => source.kind(),
        };
        Self::new(kind, error)
    }
}

/// Whether the store answered, and another try would be answered likewise.
fn is_refused(error: &Error) -> bool {
    let text = error.to_string();
    let status = text.split_once("status code: ").map_or("", |(_, status)| status);
    status.starts_with('4') && !["408", "429"].iter().any(|again| status.starts_with(again))
}

/// Whether what is missing is the bucket, not the object.
pub(super) fn lacks_bucket(error: &Error) -> bool {
    let text = error.to_string();
    ["NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"].iter().any(|code| text.contains(code))
}

/// The code and message of the store, or what happened on the way to it.
pub(super) fn said(error: &Error) -> String {
    let mut text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    if let Some(code) = element(&text, "Code") {
        let message = element(&text, "Message").and_then(|message| message.lines().next());
        text = message.map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
    } else {
        let mut deepest = error.source();
        while let Some(next) = deepest.and_then(std::error::Error::source) {
            deepest = Some(next);
        }
        let root = deepest.map(ToString::to_string).unwrap_or_default();
        if !text.contains(&root) {
            text = format!("{text}: {root}");
        }
    }
    without_user(&text.split_whitespace().collect::<Vec<_>>().join(" ")).chars().take(LONGEST).collect()
}

/// The content of the first XML element of this name.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// Addresses without the name and password that they may hold.
fn without_user(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let host = part.find(['/', ' ']).unwrap_or(part.len());
        let from = part[..host].rfind('@').map_or(0, |at| at + 1);
        clean.push_str("://");
        clean.push_str(&part[from..]);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> Error {
        Error::Generic { store: "S3", source: text.into() }
    }

    #[test]
    fn a_store_is_quoted_by_code_and_message() {
        let body = "Error performing GET http://h/b/k in 2ms - 403 Forbidden: <?xml?><Error><Code>AccessDenied</Code>\
            <Message>Access Denied\nRequestId:1</Message><AWSAccessKeyId>AKIA</AWSAccessKeyId></Error>";
        let error = Error::PermissionDenied { path: "k".to_owned(), source: body.into() };
        assert_eq!(said(&error), "AccessDenied: Access Denied");
        assert!(matches!(BucketError::of(&error), BucketError::Denied { .. }));
    }

    #[test]
    fn addresses_lose_what_is_secret_and_long_texts_their_end() {
        let told = said(&generic("GET http://me:secret@host:9/b/k@2 and\n https://other/ failed"));
        assert_eq!(told, "GET http://host:9/b/k@2 and https://other/ failed");
        assert_eq!(said(&generic(&"é".repeat(1000))).chars().count(), LONGEST);
    }

    #[test]
    fn an_answer_is_told_from_silence() {
        let of = |text: &str| BucketError::of(&generic(text)).unanswered().to_string();
        let answered = "Server returned non-2xx status code: 400 Bad Request: <Code>InvalidArgument</Code>";
        assert_eq!(of(answered), "the store refuses the request (InvalidArgument); nothing was written");
        for text in
            ["status code: 503 Slow Down", "status code: 429 Too Many Requests", "operation timed out"]
        {
            assert!(of(text).ends_with("it may have been done"), "{text}");
        }
    }

    #[test]
    fn a_missing_bucket_is_no_missing_object() {
        let missing = |code: &str| Error::NotFound {
            path: "k".to_owned(),
            source: format!("404: <Error><Code>{code}</Code></Error>").into(),
        };
        assert!(lacks_bucket(&missing("NoSuchBucket")) && lacks_bucket(&missing("ContainerNotFound")));
        assert!(!lacks_bucket(&missing("NoSuchKey")) && !lacks_bucket(&missing("BlobNotFound")));
    }
}
