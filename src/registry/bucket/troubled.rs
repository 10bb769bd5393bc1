//! A store with troubles, and what a bucket makes of them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::*;
use crate::registry::Registry;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Conditions are ignored.
    NoConditions,
    /// `If-Match` alone is ignored.
    NoUpdates,
    /// Conditional writes are none of this store's.
    Unsupported,
    /// The next conditional write to a file of a registry is done, and the answer lost.
    LostAnswer,
    /// The same, and another writer writes before anybody looks.
    LostAnswerThenAnother,
    /// The next conditional write to a file of a registry is lost before it is done.
    LostRequest,
    /// Every conditional write to a file of a registry is lost.
    Silence,
    /// Nothing is allowed.
    Denied,
    /// There is no bucket.
    NoBucket,
}

/// A store in memory with one trouble.
#[derive(Debug)]
struct Troubled {
    store: InMemory,
    trouble: Trouble,
    /// Conditional writes to files of a registry so far.
    puts: AtomicUsize,
}

impl fmt::Display for Troubled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.trouble)
    }
}

impl Troubled {
    fn lost<T>() -> Result<T> {
        Err(Error::Generic { store: "test", source: "the connection broke".into() })
    }

    fn refused<T>(&self, path: &Path) -> Result<T> {
        let (path, text) = (path.to_string(), |code: &str| format!("<Code>{code}</Code>").into());
        Err(match self.trouble {
            Trouble::Denied => Error::PermissionDenied { path, source: text("AccessDenied") },
            _ => Error::NotFound { path, source: text("NoSuchBucket") },
        })
    }
}

#[async_trait]
impl ObjectStore for Troubled {
    async fn put_opts(&self, path: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        let is_plain = options.mode == PutMode::Overwrite;
        let puts = if is_plain || path.as_ref() == CONDITIONS_KEY {
            None
        } else {
            Some(self.puts.fetch_add(1, Ordering::Relaxed))
        };
        match (self.trouble, puts) {
            (Trouble::Denied | Trouble::NoBucket, _) => return self.refused(path),
            (Trouble::NoConditions, _) => options.mode = PutMode::Overwrite,
            (Trouble::NoUpdates, _) if matches!(options.mode, PutMode::Update(_)) => {
                options.mode = PutMode::Overwrite;
            }
            (Trouble::Unsupported, _) if !is_plain => {
                let (operation, implementer) = ("put".to_owned(), "test".to_owned());
                return Err(Error::NotImplemented { operation, implementer });
            }
            (Trouble::LostAnswer | Trouble::LostAnswerThenAnother, Some(0)) => {
                self.store.put_opts(path, payload, options).await?;
                if self.trouble == Trouble::LostAnswerThenAnother {
                    self.store.put_opts(path, "another".into(), PutOptions::default()).await?;
                }
                return Self::lost();
            }
            (Trouble::LostRequest, Some(0)) | (Trouble::Silence, Some(_)) => return Self::lost(),
            _ => {}
        }
        self.store.put_opts(path, payload, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match self.trouble {
            Trouble::Denied | Trouble::NoBucket => self.refused(path),
            _ => self.store.get_opts(path, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

fn troubled(trouble: Trouble) -> (Bucket, Arc<Troubled>) {
    let store = Arc::new(Troubled { store: InMemory::new(), trouble, puts: AtomicUsize::new(0) });
    (Bucket::new(store.clone(), "test").unwrap(), store)
}

/// What a registry on the store says of a first event.
fn told(bucket: Bucket) -> String {
    let registry = Registry::on(Box::new(bucket));
    let date = "2026-03-01".parse().unwrap();
    let recorded_at = "2026-03-01T06:00:00Z".parse().unwrap();
    let record = crate::registry::Record { date, recorded_at, by: "test".to_owned() };
    let event = crate::registry::Event::Stop { model: "m".to_owned(), reasons: Vec::new() };
    let appended = registry.ledger().and_then(|seen| registry.append(&seen, &record, event));
    appended.unwrap_err().to_string()
}

#[test]
fn a_store_that_ignores_conditions_is_found_before_anything_is_written() {
    for (trouble, header) in [(Trouble::NoConditions, "If-None-Match"), (Trouble::NoUpdates, "If-Match")] {
        let (bucket, store) = troubled(trouble);
        let error = bucket.exchange("ledger.jsonl", None, b"1").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(error.to_string().contains(&format!("ignores {header}")), "{error}");
        assert_eq!(bucket.read("ledger.jsonl").unwrap(), None);
        assert_eq!(store.puts.load(Ordering::Relaxed), 0);
    }
    let said = told(troubled(Trouble::NoUpdates).0);
    assert!(
        said.ends_with("nothing was written; use a store that keeps If-Match and If-None-Match, or a folder")
    );
    let said = told(troubled(Trouble::Unsupported).0);
    assert!(said.contains("offers no conditional writes"), "{said}");
}

#[test]
fn a_lost_answer_is_looked_for() {
    for (trouble, puts) in [(Trouble::LostAnswer, 1), (Trouble::LostRequest, 2)] {
        let (bucket, store) = troubled(trouble);
        assert_eq!(bucket.exchange("a", None, b"1").unwrap(), Exchange::Done);
        assert_eq!(store.puts.load(Ordering::Relaxed), puts, "{trouble:?}");
        assert_eq!(bucket.exchange("a", None, b"1").unwrap(), Exchange::Moved);
        assert_eq!(bucket.exchange("a", Some(b"1"), b"2").unwrap(), Exchange::Done);
    }
    let (bucket, _) = troubled(Trouble::LostAnswerThenAnother);
    assert_eq!(bucket.exchange("a", None, b"1").unwrap(), Exchange::Moved);
    let (bucket, store) = troubled(Trouble::Silence);
    let error = bucket.exchange("a", None, b"1").unwrap_err().to_string();
    assert_eq!(error, "a conditional write was not answered (the connection broke); it may have been done");
    assert_eq!(store.puts.load(Ordering::Relaxed), PAUSES.len());
}

#[test]
fn a_refusal_names_place_file_and_fix() {
    let said = told(troubled(Trouble::NoBucket).0);
    let found = "registry test: cannot use head.json: there is no such bucket or container (NoSuchBucket)";
    assert_eq!(said, format!("{found}; make it, or correct its name"));
    let said = told(troubled(Trouble::Denied).0);
    assert!(said.contains("the store refuses the credentials (AccessDenied); check the store"), "{said}");
    for trouble in [Trouble::NoBucket, Trouble::Denied] {
        let (bucket, _) = troubled(trouble);
        assert!(bucket.read("a").is_err() && bucket.write("a", b"1").is_err());
        assert!(bucket.exchange("a", None, b"1").is_err());
    }
}

#[test]
fn it_can_be_used_and_dropped_within_another_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let bucket = Bucket::new(Arc::new(InMemory::new()), "memory").unwrap();
        bucket.write("a", b"1").unwrap();
        assert_eq!(bucket.exchange("a", Some(b"1"), b"2").unwrap(), Exchange::Done);
    });
}
