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

/// Refuses the address of a server on which the first request would fail, or panic.
fn check_endpoint(endpoint: Option<String>, allow_http: Option<String>, prefix: &str) -> Result<(), Error> {
    let Some(endpoint) = endpoint else { return Ok(()) };
    let refused = |fault: &str| {
        let fault = format!("the address of the server in {prefix}ENDPOINT {fault}");
        Err(Error::Generic { store: "settings", source: fault.into() })
    };
    // As the crate reads what is true.
    let allowed = allow_http.map(|text| text.to_ascii_lowercase());
    let allowed = allowed.is_some_and(|text| ["1", "true", "on", "yes", "y"].contains(&text.as_str()));
    let host = match (endpoint.strip_prefix("https://"), endpoint.strip_prefix("http://")) {
        (Some(host), _) => host,
        (None, Some(host)) if allowed => host,
        (None, Some(_)) => {
            return refused("begins with http://, which needs AWS_ALLOW_HTTP=true or AZURE_ALLOW_HTTP=true");
        }
        (None, None) => return refused("does not begin with https:// or http://"),
    };
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]%@".contains(&byte);
    if host.is_empty() || host.starts_with(['/', ':']) || !host.bytes().all(fine) {
        return refused("has no host, or characters that belong into none");
    }
    Ok(())
}

/// A bucket of Amazon S3, or of a store that speaks its language.
pub(super) fn s3(address: &BucketAddress) -> Result<Opened, Error> {
    let idle = AmazonS3ConfigKey::Client(ClientConfigKey::PoolIdleTimeout);
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&address.bucket);
    if builder.get_config_value(&idle).is_none() {
        builder = builder.with_config(idle, IDLE);
    }
    let allow_http = builder.get_config_value(&AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    for key in [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint] {
        check_endpoint(builder.get_config_value(&key), allow_http.clone(), "AWS_")?;
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
    let allow_http = builder.get_config_value(&AzureConfigKey::Client(ClientConfigKey::AllowHttp));
    check_endpoint(builder.get_config_value(&AzureConfigKey::Endpoint), allow_http, "AZURE_STORAGE_")?;
    let patient = builder.clone().with_retry(retries(RETRIES)).build()?;
    let once = builder.with_credentials(Arc::clone(patient.credentials())).with_retry(retries(0)).build()?;
    Ok(Opened { patient: below(&address.prefix, patient), once: below(&address.prefix, once) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_no_request_can_have_is_refused() {
        let check = |endpoint: &str, allow: &str| {
            check_endpoint(Some(endpoint.to_owned()), Some(allow.to_owned()), "AWS_").is_ok()
        };
        assert!(check_endpoint(None, None, "AWS_").is_ok());
        for endpoint in ["https://s3.example", "https://[::1]:9000/base", "https://account.blob.example/"] {
            assert!(check(endpoint, "false") && check(&endpoint.replace("https", "http"), "True"));
            assert!(!check(&endpoint.replace("https", "http"), "false"));
        }
        for endpoint in
            ["nonsense", "", "ftp://h", "https://", "https:///p", "https://:9", "https://a b", "https://ä"]
        {
            assert!(!check(endpoint, "true"), "{endpoint}");
        }
    }
}
