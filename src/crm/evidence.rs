//! What speaks for and against two accounts being one company, added up.

use std::fmt;

use super::alignment::{Alignment, Writing};
use super::codes::{MISSING, Telling};
use super::lexicon::WordKind;
use super::lists::{List, Lists, Record};
use crate::quantity::LogOdds;

/// A kind of evidence; each contributes log-odds, and their sum is the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// That most pairs are two companies: `-ln` of the companies that could be the one.
    Start,
    /// The same registrable domain, or another one.
    Domain,
    /// The same D-U-N-S number, or another one.
    Duns,
    /// The same account id, where both lists use one numbering.
    Id,
    /// Words that both names have, by how telling they are.
    NameAgrees,
    /// Words that only one of the names has.
    NameDiffers,
    /// Words that tell apart: west and east, 1 and 2, Canada and Mexico.
    NameOpposes,
    /// The legal form.
    LegalForm,
    /// Street and number.
    Street,
    /// Postal code.
    PostalCode,
    /// City.
    City,
    /// State or province.
    State,
    /// Country.
    Country,
    /// Telephone number.
    Phone,
}

impl Kind {
    /// All kinds, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::Start,
        Self::Domain,
        Self::Duns,
        Self::Id,
        Self::NameAgrees,
        Self::NameDiffers,
        Self::NameOpposes,
        Self::LegalForm,
        Self::Street,
        Self::PostalCode,
        Self::City,
        Self::State,
        Self::Country,
        Self::Phone,
    ];

    /// Its name, as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Domain => "domain",
            Self::Duns => "duns",
            Self::Id => "id",
            Self::NameAgrees => "name agrees",
            Self::NameDiffers => "name differs",
            Self::NameOpposes => "name opposes",
            Self::LegalForm => "legal form",
            Self::Street => "street",
            Self::PostalCode => "postal code",
            Self::City => "city",
            Self::State => "state",
            Self::Country => "country",
            Self::Phone => "phone",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The contributions of all kinds of evidence on one pair of accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    parts: [LogOdds; Kind::ALL.len()],
}

impl Evidence {
    /// What a kind of evidence contributes.
    pub fn of(&self, kind: Kind) -> LogOdds {
        self.parts[kind as usize]
    }

    /// The sum of all contributions: the log-odds that both accounts are one company.
    pub fn total(&self) -> LogOdds {
        self.parts.iter().copied().sum()
    }

    /// The kinds that contribute, in their order.
    pub fn contributions(&self) -> impl Iterator<Item = (Kind, LogOdds)> {
        Kind::ALL.into_iter().map(|kind| (kind, self.of(kind))).filter(|(_, part)| *part != LogOdds::ZERO)
    }

    fn set(&mut self, kind: Kind, log_odds: f64) {
        self.parts[kind as usize] = LogOdds::from_steps((log_odds * LogOdds::STEPS as f64).round() as i64);
    }
}

/// Log-odds of what does not depend on how common a text is.
mod weight {
    /// Companies that no list has and that could be the one as well.
    pub(super) const ELSEWHERE: f64 = 20.0;
    /// Beyond how rare it is: domains and numbers are given to one company, and not drawn.
    pub(super) const OWNED: f64 = 4.0;
    /// The same of a number that is issued to one company.
    pub(super) const ISSUED: f64 = 8.0;
    pub(super) const OTHER_DOMAIN: f64 = -1.5;
    pub(super) const OTHER_DUNS: f64 = -3.0;
    pub(super) const SAME_ID: f64 = 12.0;
    /// Every word of both names has its partner.
    pub(super) const WHOLE_NAME: f64 = 3.0;
    /// One name is the other and words for a part of it.
    pub(super) const PART_NAME: f64 = 2.0;
    /// Each further word that agrees says less: the words of a name come together.
    pub(super) const FURTHER_WORD: f64 = 0.7;
    pub(super) const OPPOSED: f64 = -8.0;
    /// A word too many, by its part; of a distinctive one this share of what it tells, and no more than the most.
    pub(super) const UNIT_WORD: f64 = -0.5;
    pub(super) const COMMON_WORD: f64 = -0.9;
    pub(super) const TELLING_WORD: f64 = -1.2;
    pub(super) const DISTINCTIVE_SHARE: f64 = -0.4;
    pub(super) const DISTINCTIVE_MOST: f64 = -3.0;
    pub(super) const ALL_WORDS_MOST: f64 = -6.0;
    /// Words that one list leaves out weigh less than words that replace each other.
    pub(super) const LEFT_OUT: f64 = 0.5;
    pub(super) const SAME_FORM: f64 = 0.3;
    pub(super) const OTHER_FORM: f64 = -0.6;
    pub(super) const SAME_STREET: f64 = 1.0;
    pub(super) const OTHER_HOUSE: f64 = -2.0;
    pub(super) const OTHER_STREET: f64 = -4.0;
    pub(super) const OTHER_POSTAL_CODE: f64 = -1.5;
    pub(super) const OTHER_CITY: f64 = -1.5;
    pub(super) const OTHER_STATE: f64 = -1.0;
    pub(super) const OTHER_COUNTRY: f64 = -3.0;
    pub(super) const OTHER_PHONE: f64 = -0.8;
    /// A coarser place that agrees, or differs, where a finer one does already.
    pub(super) const COARSER_AGREES: f64 = 0.1;
    pub(super) const COARSER_DIFFERS: f64 = 0.5;
}

/// Weighs pairs of companies.
#[derive(Debug)]
pub(super) struct Scales<'l> {
    lists: &'l Lists,
    shared_ids: bool,
    start: f64,
}

impl<'l> Scales<'l> {
    /// Scales for two lists; with `shared_ids` equal account ids mean the same company.
    pub(super) fn new(lists: &'l Lists, shared_ids: bool) -> Self {
        let n_right = lists.right().records.len() as f64;
        Self { lists, shared_ids, start: -libm::log(n_right + weight::ELSEWHERE) }
    }

    /// Everything that speaks for and against two companies being one.
    pub(super) fn weigh(&self, left: &Record, right: &Record) -> Evidence {
        let mut evidence = Evidence::default();
        evidence.set(Kind::Start, self.start);
        let lists = self.lists;
        let owned = |telling: &Telling, code| {
            // Two have it where each list has the company once; a domain of many is that of a group.
            telling.information(code) + weight::OWNED * (2.0 / f64::from(telling.count(code))).min(1.0)
        };
        evidence.set(
            Kind::Domain,
            compare(left.domain, right.domain, |code| owned(&lists.domains, code), weight::OTHER_DOMAIN),
        );
        // A number that is given once says as much as the rarest domain.
        evidence.set(
            Kind::Duns,
            compare(left.duns, right.duns, |_| weight::ISSUED - self.start, weight::OTHER_DUNS),
        );
        if self.shared_ids && left.id == right.id {
            evidence.set(Kind::Id, weight::SAME_ID);
        }
        self.weigh_names(left, right, &mut evidence);
        let forms = left.form.zip(right.form);
        let form = forms.map_or(0.0, |(a, b)| if a == b { weight::SAME_FORM } else { weight::OTHER_FORM });
        evidence.set(Kind::LegalForm, form);
        self.weigh_places(left, right, &mut evidence);
        let phone = |code| lists.phones.information(code);
        evidence.set(Kind::Phone, compare(left.phone, right.phone, phone, weight::OTHER_PHONE));
        evidence
    }

    /// The names of two companies, word by word.
    pub(super) fn align(&self, left: &Record, right: &Record) -> Alignment {
        let writing = |list: &'l List, record: &Record| Writing {
            words: list.words(record),
            initials: record.initials,
            joined: record.joined,
        };
        Alignment::of(&self.lists.words, writing(&self.lists.left, left), writing(self.lists.right(), right))
    }

    fn weigh_names(&self, left: &Record, right: &Record, evidence: &mut Evidence) {
        if left.name == MISSING || right.name == MISSING {
            return;
        }
        let aligned = self.align(left, right);
        let words = &self.lists.words;
        let mut agreed: Vec<f64> = aligned
            .agreed
            .iter()
            .map(|agreement| {
                (words.telling.information(agreement.word) - agreement.likeness.discount()).max(0.1)
            })
            .collect();
        agreed.sort_by(|a, b| b.total_cmp(a));
        let further =
            |(place, information): (usize, f64)| information * libm::pow(weight::FURTHER_WORD, place as f64);
        let mut sum: f64 = agreed.into_iter().enumerate().map(further).sum();
        let only_parts = |rest: &[u32]| {
            rest.iter().all(|word| matches!(words.kind(*word), WordKind::Unit | WordKind::Place))
        };
        let rests = (aligned.left_rest.as_slice(), aligned.right_rest.as_slice());
        match rests {
            ([], []) => {
                if left.name == right.name {
                    // Words that are rare one by one may be common together.
                    sum = sum.min(self.lists.names.information(left.name));
                }
                sum += weight::WHOLE_NAME;
            }
            ([], rest) | (rest, []) if only_parts(rest) => sum += weight::PART_NAME,
            _ => {}
        }
        evidence.set(Kind::NameAgrees, sum);
        let too_many = |rest: &[u32]| rest.iter().map(|word| self.too_many(*word)).sum::<f64>();
        let differing = too_many(rests.0) + too_many(rests.1);
        let left_out = rests.0.is_empty() || rests.1.is_empty();
        let share = if left_out { weight::LEFT_OUT } else { 1.0 };
        evidence.set(Kind::NameDiffers, (differing * share).max(weight::ALL_WORDS_MOST));
        // Two different words of such a kind speak of two things.
        let opposed = [WordKind::Place, WordKind::Number, WordKind::Direction].into_iter().filter(|kind| {
            let has = |rest: &[u32]| rest.iter().any(|word| words.kind(*word) == *kind);
            has(rests.0) && has(rests.1)
        });
        evidence.set(Kind::NameOpposes, opposed.count() as f64 * weight::OPPOSED);
    }

    /// What a word says that only one of the names has.
    fn too_many(&self, word: u32) -> f64 {
        match self.lists.words.kind(word) {
            WordKind::Unit => weight::UNIT_WORD,
            WordKind::Ordinary | WordKind::Place => weight::COMMON_WORD,
            WordKind::Number | WordKind::Direction => weight::TELLING_WORD,
            WordKind::Distinctive => {
                let telling = self.lists.words.telling.information(word) * weight::DISTINCTIVE_SHARE;
                telling.max(weight::DISTINCTIVE_MOST)
            }
        }
    }

    /// Places lie within each other: the finest that agrees counts in full, coarser ones only a little beside it.
    fn weigh_places(&self, left: &Record, right: &Record, evidence: &mut Evidence) {
        let lists = self.lists;
        let house = compare(left.number, right.number, |_| 0.0, weight::OTHER_HOUSE);
        let street = compare(left.street, right.street, |_| 0.0, weight::OTHER_STREET);
        let street = if left.address != MISSING && left.address == right.address {
            lists.addresses.information(left.address) + weight::SAME_STREET
        } else {
            house + street
        };
        let (mut finer_agrees, mut finer_differs) = (street > 0.0, street < 0.0);
        evidence.set(Kind::Street, street);
        let coarser = [
            (
                Kind::PostalCode,
                left.postal_code,
                right.postal_code,
                &lists.postal_codes,
                weight::OTHER_POSTAL_CODE,
            ),
            (Kind::City, left.city, right.city, &lists.cities, weight::OTHER_CITY),
            (Kind::State, left.state, right.state, &lists.states, weight::OTHER_STATE),
            (Kind::Country, left.country, right.country, &lists.countries, weight::OTHER_COUNTRY),
        ];
        for (kind, one, two, telling, other) in coarser {
            let agrees = if finer_agrees { weight::COARSER_AGREES } else { 1.0 };
            let differs = if finer_differs { weight::COARSER_DIFFERS } else { 1.0 };
            let part = compare(one, two, |code| telling.information(code) * agrees, other * differs);
            finer_agrees |= part > 0.0;
            finer_differs |= part < 0.0;
            evidence.set(kind, part);
        }
    }
}

/// What two codes say: nothing where one is missing.
fn compare(left: u32, right: u32, same: impl Fn(u32) -> f64, other: f64) -> f64 {
    match (left, right) {
        (MISSING, _) | (_, MISSING) => 0.0,
        (left, right) if left == right => same(left),
        _ => other,
    }
}
