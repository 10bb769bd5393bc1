//! A registry in a bucket of an object store, where any machine with the credentials is a reader and a writer.
//!
//! A conditional write is a `put` that names the version which was read (`If-Match` with its `ETag`), or says that there is
//! none (`If-None-Match: *`); the store compares and writes as one step. A store that ignores such a condition would lose
//! events without a word, so the first conditional write of a process tries one out ([`BucketError::Ignored`]).

mod fault;
mod service;
#[cfg(test)]
mod troubled;
mod waiting;

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use object_store::path::Path;
use object_store::{Error, GetOptions, ObjectStore, PutMode, PutOptions, PutPayload, UpdateVersion};

pub use fault::BucketError;
use service::Opened;
use waiting::Waiting;

use super::error::RegistryError;
use super::place::{BucketAddress, RegistryPlace};
use super::storage::{Exchange, Storage};

/// How long a conditional write waits before it looks what became of a try; as many tries.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600), Duration::ZERO];

/// The object on which a condition is tried out; it stays.
const CONDITIONS_KEY: &str = ".conditions";
const CONDITIONS: &str = "Written under conditions that do not hold, to see that the store keeps them.\n";

/// An `ETag` that no object has.
const NO_ETAG: &str = "\"00000000000000000000000000000000\"";

/// Files in a bucket of an object store: Amazon S3 and what speaks its language, Azure Blob Storage, or any store of crate
/// `object_store`.
///
/// Reads and plain writes are tried again by the store; a conditional write never is, because it would not be known
/// whether an earlier try was done. Instead, where no answer came, the object is read: it holds the new bytes, the
/// expected ones, or those of another writer. Each request has a time limit, and each operation a limit of requests.
///
/// Cost: one request for a read, one or two for a write, two for a conditional write and two more for the first one.
///
/// ```
/// use std::sync::Arc;
///
/// use object_store::memory::InMemory;
/// use propensity::registry::{Bucket, Exchange, Storage};
///
/// let bucket = Bucket::new(Arc::new(InMemory::new()), "memory")?;
/// assert_eq!(bucket.exchange("count", None, b"1")?, Exchange::Done);
/// // Of two that expect the same, one is done.
/// assert_eq!(bucket.exchange("count", Some(b"1"), b"2")?, Exchange::Done);
/// assert_eq!(bucket.exchange("count", Some(b"1"), b"3")?, Exchange::Moved);
/// assert_eq!(bucket.read("count")?.as_deref(), Some(&b"2"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Bucket {
    place: String,
    advice: &'static str,
    opened: Opened,
    waiting: Waiting,
    keeps_conditions: OnceLock<()>,
}

impl fmt::Debug for Bucket {
    /// Without the store, which knows credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Bucket {
    /// Files in any store; `place` is what messages call it. The store should not try conditional writes again by itself.
    ///
    /// # Errors
    /// [`RegistryError::Settings`] when this machine gives no runtime to wait with.
    pub fn new(store: Arc<dyn ObjectStore>, place: &str) -> Result<Self, RegistryError> {
        let opened = Opened { patient: Arc::clone(&store), once: store };
        Self::with(Ok(opened), place.to_owned(), "check the store and the way to it")
    }

    /// Files in a bucket of Amazon S3, with the settings of the environment; no request is made.
    pub(super) fn s3(address: &BucketAddress) -> Result<Self, RegistryError> {
        let place = RegistryPlace::S3(address.clone()).to_string();
        let advice = "check AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or the role of this machine, and, for \
            a server of your own, AWS_ENDPOINT and AWS_ALLOW_HTTP";
        Self::with(service::s3(address), place, advice)
    }

    /// Files in a container of Azure Blob Storage, with the settings of the environment; no request is made.
    pub(super) fn azure(address: &BucketAddress) -> Result<Self, RegistryError> {
        let place = RegistryPlace::Azure(address.clone()).to_string();
        let advice = "check AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or the identity of this machine, and, \
            for a server of your own, AZURE_STORAGE_ENDPOINT and AZURE_ALLOW_HTTP";
        Self::with(service::azure(address), place, advice)
    }

    fn with(
        opened: Result<Opened, Error>,
        place: String,
        advice: &'static str,
    ) -> Result<Self, RegistryError> {
        let refused = |fault: String| RegistryError::Settings { place: place.clone(), fault, advice };
        let opened = opened.map_err(|error| refused(fault::said(&error)))?;
        let waiting = Waiting::new().map_err(|error| refused(error.to_string()))?;
        Ok(Self { place, advice, opened, waiting, keeps_conditions: OnceLock::new() })
    }

    /// The bytes of an object and the version they are of; `None` where there is none.
    async fn get(&self, key: &Path) -> Result<Option<(Vec<u8>, UpdateVersion)>, BucketError> {
        let got = match self.opened.patient.get_opts(key, GetOptions::default()).await {
            Ok(got) => got,
            Err(error @ Error::NotFound { .. }) if !fault::lacks_bucket(&error) => return Ok(None),
            Err(error) => return Err(BucketError::of(&error)),
        };
        let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(|error| BucketError::of(&error))?;
        Ok(Some((bytes.into(), version)))
    }

    /// Writes under a condition and says whether it held.
    async fn put(
        store: &dyn ObjectStore,
        key: &Path,
        bytes: &[u8],
        mode: PutMode,
    ) -> Result<bool, BucketError> {
        let payload = PutPayload::from(bytes.to_vec());
        match store.put_opts(key, payload, PutOptions::from(mode)).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(BucketError::of(&error)),
        }
    }

    /// Writes under conditions that do not hold, once for each process.
    async fn try_conditions(&self) -> Result<(), BucketError> {
        if self.keeps_conditions.get().is_some() {
            return Ok(());
        }
        let (store, key) = (self.opened.patient.as_ref(), Path::from(CONDITIONS_KEY));
        let put = |mode| Self::put(store, &key, CONDITIONS.as_bytes(), mode);
        // The first writer of a registry makes the object; all others find it.
        if put(PutMode::Create).await? && put(PutMode::Create).await? {
            return Err(BucketError::Ignored { condition: "If-None-Match" });
        }
        let no_version = UpdateVersion { e_tag: Some(NO_ETAG.to_owned()), version: None };
        if put(PutMode::Update(no_version)).await? {
            return Err(BucketError::Ignored { condition: "If-Match" });
        }
        self.keeps_conditions.get_or_init(|| ());
        Ok(())
    }

    async fn exchanged(
        &self,
        key: &Path,
        expected: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<Exchange, BucketError> {
        self.try_conditions().await?;
        // What was said of a write to which no answer came: it may have been done.
        let mut unanswered: Option<BucketError> = None;
        for pause in PAUSES {
            let there = match (self.get(key).await, unanswered.is_some()) {
                (there, false) => there?,
                (there, true) => there.map_err(BucketError::unanswered)?,
            };
            let found = there.as_ref().map(|(bytes, _)| bytes.as_slice());
            if unanswered.is_some() && found == Some(bytes) {
                return Ok(Exchange::Done);
            }
            if found != expected {
                return Ok(Exchange::Moved);
            }
            let mode = there.map_or(PutMode::Create, |(_, version)| PutMode::Update(version));
            match Self::put(self.opened.once.as_ref(), key, bytes, mode).await {
                Ok(true) => return Ok(Exchange::Done),
                // Another writer was first, or is at it and may yet fail.
                Ok(false) => {}
                Err(error @ BucketError::Failed { .. }) => unanswered = Some(error.unanswered()),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
        }
        Err(unanswered.unwrap_or(BucketError::Busy))
    }
}

impl Storage for Bucket {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn advice(&self, error: &io::Error) -> &'static str {
        match error.kind() {
            io::ErrorKind::NotFound => "make it, or correct its name",
            io::ErrorKind::Unsupported => "use a store that keeps If-Match and If-None-Match, or a folder",
            _ => self.advice,
        }
    }

    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        let key = Path::from(key);
        let there = self.waiting.wait(self.get(&key))?;
        Ok(there.map(|(bytes, _)| bytes))
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let key = Path::from(key);
        let payload = PutPayload::from(bytes.to_vec());
        let written = self.opened.patient.put_opts(&key, payload, PutOptions::from(PutMode::Overwrite));
        self.waiting.wait(async { written.await.map_err(|error| BucketError::of(&error)) })?;
        Ok(())
    }

    fn exchange(&self, key: &str, expected: Option<&[u8]>, bytes: &[u8]) -> io::Result<Exchange> {
        let key = Path::from(key);
        Ok(self.waiting.wait(self.exchanged(&key, expected, bytes))?)
    }
}
