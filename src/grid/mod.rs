//! The grid: two scores become two bands, a cell of sixteen, and a cluster with a rank.
//!
//! ```text
//! fit score    --fit cuts----> fit band    --.
//!                                             cell --scheme--> label, cluster, rank
//! intent score --intent cuts-> intent band --'
//! ```
//!
//! Rows are fit, columns are intent, both `High` first. What a cell means is data: a [`GridScheme`] gives each of the
//! sixteen a label, a [`Cluster`] and a rank (1 is worked first). The grid knows two scores, not where they came from.
//!
//! ```
//! use propensity::grid::{Cluster, Cuts, GridScheme};
//! use propensity::quantity::Score;
//!
//! let scheme = GridScheme::cloudascent();
//! let cuts = Cuts::default();
//! let place = scheme.place(Some(Score::whole(80)), Some(Score::whole(12)), &cuts, &cuts);
//! assert_eq!(place.label, Some("A4"));
//! assert_eq!(place.cluster, Cluster::ActNow);
//! assert_eq!(place.rank, Some(4));
//! ```

mod band;
mod cell;
mod cluster;
mod error;
mod placement;
mod preset;
mod scheme;

pub use band::{Band, Cuts};
pub use cell::Cell;
pub use cluster::Cluster;
pub use error::{GridError, SchemeFault};
pub use placement::{Placement, Priority};
pub use scheme::{GridScheme, SchemeCell};

/// Lower case without spaces, underscores and hyphens: how names of bands and clusters are compared when read.
fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}
