//! The services that hold buckets, opened by what the environment says.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientConfigKey, Error, ObjectStore, RetryConfig};

use super::super::place::BucketAddress;

/// How often a request is tried again, and how long after the first try at most.
const RETRIES: usize = 3;
const RETRY_TIME: Duration = Duration::from_secs(30);

/// How long a connection is kept that nobody uses: between two calls of a job nobody answers a server that hangs up.
const IDLE: &str = "5 seconds";

/// A bucket, twice: as it is asked and written, and as it is written under a condition.
#[derive(Debug)]
pub(super) struct Opened {
    /// Tries again what has failed.
    pub(super) patient: Arc<dyn ObjectStore>,
    /// Tries nothing again: whoever repeats a conditional write must know that it was repeated.
    pub(super) once: Arc<dyn ObjectStore>,
}

fn retries(max_retries: usize) -> RetryConfig {
    RetryConfig { max_retries, retry_timeout: RETRY_TIME, ..RetryConfig::default() }
}

fn below(prefix: &str, store: impl ObjectStore) -> Arc<dyn ObjectStore> {
    Arc::new(PrefixStore::new(store, Path::from(prefix)))
}

/// A bucket of Amazon S3, or of a store that speaks its language.
pub(super) fn s3(address: &BucketAddress) -> Result<Opened, Error> {
    let idle = AmazonS3ConfigKey::Client(ClientConfigKey::PoolIdleTimeout);
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&address.bucket);
    if builder.get_config_value(&idle).is_none() {
        builder = builder.with_config(idle, IDLE);
    }
    let patient = builder.clone().with_retry(retries(RETRIES)).build()?;
    let once = builder.with_credentials(Arc::clone(patient.credentials())).with_retry(retries(0)).build()?;
    Ok(Opened { patient: below(&address.prefix, patient), once: below(&address.prefix, once) })
}

/// A container of Azure Blob Storage.
pub(super) fn azure(address: &BucketAddress) -> Result<Opened, Error> {
    let idle = AzureConfigKey::Client(ClientConfigKey::PoolIdleTimeout);
    let mut builder = MicrosoftAzureBuilder::from_env().with_container_name(&address.bucket);
    if builder.get_config_value(&idle).is_none() {
        builder = builder.with_config(idle, IDLE);
    }
    let patient = builder.clone().with_retry(retries(RETRIES)).build()?;
    let once = builder.with_credentials(Arc::clone(patient.credentials())).with_retry(retries(0)).build()?;
    Ok(Opened { patient: below(&address.prefix, patient), once: below(&address.prefix, once) })
}
