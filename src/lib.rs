//! Fit, intent and the propensity grid: from company tables to the list a sales team calls this week.
//!
//! Data flows one way, `tables -> features -> models -> grid -> report`; `training` stands beside the line and makes
//! the fitted values it uses. The main types, in the order in which data meets them:
//!
//! 1. [`tables::Dataset`]: seven tables, checked against their contracts, every row with the moment it became known.
//! 2. [`features::FeatureBuilder`]: tables and a date in, a [`matrix::FeatureMatrix`] out, as everything was known then.
//! 3. [`pipeline::Pipeline`]: the fitted line, one immutable value and one model file. [`training::line::LineTrainer`]
//!    makes it from a [`spec::Spec`].
//! 4. [`pipeline::ScoredAccount`]: per product a fit and an intent score, their place on the [`grid`], and reasons that
//!    are the score itself, because a score is a sum of integers.
//! 5. [`job::Job`]: all of it as one call, files written whole or not at all.
//!
//! # Tasks
//!
//! Score a table by a stored model:
//!
//! ```
//! use std::num::NonZeroUsize;
//! use std::path::Path;
//!
//! use propensity::parallelism::Parallelism;
//! use propensity::pipeline::{Pipeline, PipelineError};
//! use propensity::progress::Unwatched;
//! use propensity::scoring::Chunking;
//! use propensity::tables::{Dataset, ReadOptions};
//!
//! let dataset = Dataset::read(Path::new("data-samples"), None, &ReadOptions::default())?;
//! let (_, pipeline) = Pipeline::load(Path::new("models/reference/cloudascent.json"))?;
//! let chunking = Chunking { chunk_rows: NonZeroUsize::MIN.saturating_add(511), parallelism: Parallelism::serial() };
//! let mut best = None;
//! pipeline.score(&dataset, "2026-01-01".parse()?, &chunking, &Unwatched, |accounts| {
//!     let scores = accounts.iter().flat_map(|account| account.products.iter().map(|score| score.fit.score));
//!     best = best.max(scores.max());
//!     Ok::<_, PipelineError>(())
//! })?;
//! assert!(best.is_some_and(|score| score.value() > 75.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - One wide table instead of seven: [`wide`]; whether its columns know the outcome: [`training::leak_gate`].
//! - What a model is worth where outcomes are known: [`evaluation`].
//! - Which account of one list is which company of another: [`crm`].
//! - Another policy, other products: [`spec`].
//! - A world with known truth to measure against: [`world`].
//! - Our estimators in a linfa program: [`training::AdditiveParams`] implements linfa's `Fit`.
//!
//! # What holds everywhere
//!
//! Nothing in this crate reads a clock, draws an unseeded number, prints, or panics on data; requests to an object store,
//! which are signed with the time, do so on the way and leave no trace in results. The same input gives the
//! same bytes for any number of threads, any chunk size and any order of rows. Every error implements
//! [`error::Coded`]: a stable code beside the message.

pub mod artifact;
pub mod crm;
pub mod drawing;
pub mod drift;
pub mod error;
pub mod evaluation;
pub mod feature_store;
pub mod features;
pub mod feedback;
pub mod grid;
pub mod job;
pub mod matrix;
pub mod metrics;
pub mod models;
pub mod output;
pub mod parallelism;
pub mod pipeline;
pub mod progress;
pub mod quantity;
pub mod registry;
pub mod report;
pub mod retraining;
pub mod scoring;
pub mod seed;
pub mod spec;
pub mod tables;
pub mod targeting;
pub mod training;
pub mod wide;
pub mod world;

/// The README's programs are compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
