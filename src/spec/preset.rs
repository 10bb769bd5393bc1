//! A part of a spec that is either the name of a preset or written out.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::grid::GridScheme;
use crate::targeting::TierPreset;

/// Something that has presets with names.
pub(super) trait Preset: Sized {
    /// What it is, for messages.
    const WHAT: &'static str;

    /// The preset called `name`.
    fn named(name: &str) -> Option<Self>;
}

impl Preset for GridScheme {
    const WHAT: &'static str = "grid scheme";

    fn named(name: &str) -> Option<Self> {
        Self::preset(name)
    }
}

impl Preset for TierPreset {
    const WHAT: &'static str = "tier preset";

    fn named(name: &str) -> Option<Self> {
        Self::preset(name)
    }
}

/// Reads `key = "name of a preset"` or a table with all its parts.
pub(super) fn name_or_whole<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Preset + Deserialize<'de>,
{
    struct NameOrWhole<T>(PhantomData<T>);

    impl<'de, T: Preset + Deserialize<'de>> Visitor<'de> for NameOrWhole<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the name of a {} or the whole of one", T::WHAT)
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
            T::named(name).ok_or_else(|| E::custom(format!("there is no {} called {name:?}", T::WHAT)))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(NameOrWhole(PhantomData))
}
