//! What every storage promises, tried on each of them.

use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use tempfile::TempDir;

use super::bucket::Bucket;
use super::storage::{Exchange, Folder, Storage};

/// Writers in a race, and the steps of each.
const WRITERS: usize = 8;
const STEPS: usize = 25;

/// An empty storage of each kind, and the folder that must outlive it.
fn storages() -> Vec<(Box<dyn Storage>, Option<TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let bucket = |store| Bucket::new(store, "memory").unwrap();
    let below = PrefixStore::new(InMemory::new(), Path::from("team/models"));
    vec![
        (Box::new(Folder::new(folder.path().join("registry"))), Some(folder)),
        (Box::new(bucket(Arc::new(InMemory::new()))), None),
        (Box::new(bucket(Arc::new(below))), None),
    ]
}

fn count(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(0, |text| std::str::from_utf8(text).unwrap().parse().unwrap())
}

#[test]
fn what_was_written_is_read_and_what_was_not_is_none() {
    for (storage, _folder) in storages() {
        let key = "models/cloudascent/1f0a.2b-c_d/model.json";
        assert_eq!(storage.read(key).unwrap(), None);
        for bytes in [b"first".to_vec(), Vec::new(), vec![0, 255, 10], vec![7; 3 << 20]] {
            storage.write(key, &bytes).unwrap();
            assert!(storage.read(key).unwrap() == Some(bytes), "{storage:?}");
        }
        // A key is no folder of others.
        assert_eq!(storage.read("models/cloudascent/1f0a.2b-c_d/metrics.json").unwrap(), None);
    }
}

#[test]
fn of_two_that_expect_the_same_one_is_done() {
    for (storage, _folder) in storages() {
        assert_eq!(storage.exchange("a/b", Some(b"0"), b"1").unwrap(), Exchange::Moved);
        assert_eq!(storage.read("a/b").unwrap(), None);
        assert_eq!(storage.exchange("a/b", None, b"1").unwrap(), Exchange::Done);
        assert_eq!(storage.exchange("a/b", None, b"2").unwrap(), Exchange::Moved);
        // Not even where there is nothing to change.
        assert_eq!(storage.exchange("a/b", None, b"1").unwrap(), Exchange::Moved);
        assert_eq!(storage.exchange("a/b", Some(b"1"), b"3").unwrap(), Exchange::Done);
        assert_eq!(storage.exchange("a/b", Some(b"1"), b"4").unwrap(), Exchange::Moved);
        assert_eq!(storage.exchange("a/b", Some(b"3"), b"3").unwrap(), Exchange::Done);
        assert_eq!(storage.read("a/b").unwrap().as_deref(), Some(&b"3"[..]));
        storage.write("a/b", b"5").unwrap();
        assert_eq!(storage.exchange("a/b", Some(b"5"), b"6").unwrap(), Exchange::Done);
    }
}

#[test]
fn of_many_first_writers_exactly_one_wins() {
    for (storage, _folder) in storages() {
        for round in 0..STEPS {
            let (storage, key) = (&storage, format!("round-{round}"));
            let won: Vec<usize> = std::thread::scope(|scope| {
                let race = |writer: usize| {
                    let key = &key;
                    scope.spawn(move || storage.exchange(key, None, format!("{writer}").as_bytes()).unwrap())
                };
                let racing: Vec<_> = (0..WRITERS).map(race).collect();
                let ended = racing.into_iter().map(|writer| writer.join().unwrap());
                (0..WRITERS)
                    .zip(ended)
                    .filter(|(_, end)| *end == Exchange::Done)
                    .map(|(won, _)| won)
                    .collect()
            });
            assert_eq!(won.len(), 1, "{storage:?}: {won:?}");
            assert_eq!(count(storage.read(&key).unwrap().as_deref()), won[0]);
        }
    }
}

#[test]
fn many_writers_lose_no_step() {
    for (storage, _folder) in storages() {
        let step = || loop {
            let seen = storage.read("count").unwrap();
            let next = (count(seen.as_deref()) + 1).to_string();
            match storage.exchange("count", seen.as_deref(), next.as_bytes()).unwrap() {
                Exchange::Done => break,
                Exchange::Moved => {}
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| (0..STEPS).for_each(|_| step()));
            }
        });
        assert_eq!(count(storage.read("count").unwrap().as_deref()), WRITERS * STEPS, "{storage:?}");
    }
}
