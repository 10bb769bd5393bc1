//! Both lists as numbers: every text that is compared is read and counted once.

use std::ops::Range;

use super::codes::{Codes, MISSING, Telling};
use super::company::Company;
use super::legal_forms::LegalForm;
use super::lexicon::{self, WordKind};
use super::name::Name;
use super::place::{self, Street};
use crate::parallelism::Parallelism;
use crate::tables::Identity;

/// Companies read at once by a thread.
const CHUNK: usize = 4096;

/// Shares of all companies that have one text of a field, where the lists have not shown it yet.
mod share {
    pub(super) const WORD: f64 = 1e-4;
    pub(super) const COMMON_WORD: f64 = 0.01;
    pub(super) const NAME: f64 = 1e-5;
    pub(super) const PLACE: f64 = 1e-3;
    pub(super) const UNIQUE: f64 = 1e-6;
}

/// A company as numbers; [`MISSING`] where the list says nothing.
#[derive(Clone, Debug)]
pub(super) struct Record {
    words: Range<u32>,
    pub(super) form: Option<LegalForm>,
    /// All words of the name, in any order.
    pub(super) name: u32,
    /// The word that the initials make, where some company is called so.
    pub(super) initials: u32,
    /// The word that two neighbouring words make, where some company has it, and the place of the first of them.
    pub(super) joined: Option<(u8, u32)>,
    pub(super) id: u32,
    pub(super) domain: u32,
    pub(super) duns: u32,
    pub(super) phone: u32,
    pub(super) address: u32,
    pub(super) number: u32,
    pub(super) street: u32,
    pub(super) postal_code: u32,
    pub(super) city: u32,
    pub(super) state: u32,
    pub(super) country: u32,
}

/// The companies of one list.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) records: Vec<Record>,
    words: Vec<u32>,
}

impl List {
    /// The words of a company's name, by number.
    pub(super) fn words(&self, record: &Record) -> &[u32] {
        &self.words[record.words.start as usize..record.words.end as usize]
    }
}

/// All words of names, by number.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) texts: Vec<Box<str>>,
    pub(super) kinds: Vec<WordKind>,
    pub(super) telling: Telling,
}

impl Words {
    /// A word.
    pub(super) fn text(&self, word: u32) -> &str {
        &self.texts[word as usize]
    }

    /// What part it plays.
    pub(super) fn kind(&self, word: u32) -> WordKind {
        self.kinds[word as usize]
    }
}

/// Both lists, and how common everything in them is. To look for companies that are twice in one list, `right` is
/// empty and the list is compared with itself.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) left: List,
    pub(super) right: Option<List>,
    pub(super) words: Words,
    pub(super) names: Telling,
    pub(super) domains: Telling,
    pub(super) phones: Telling,
    pub(super) addresses: Telling,
    pub(super) postal_codes: Telling,
    pub(super) cities: Telling,
    pub(super) states: Telling,
    pub(super) countries: Telling,
}

/// The counters of all fields while lists are read.
#[derive(Debug, Default)]
struct Fields {
    words: Codes,
    names: Codes,
    ids: Codes,
    domains: Codes,
    duns: Codes,
    phones: Codes,
    addresses: Codes,
    numbers: Codes,
    streets: Codes,
    postal_codes: Codes,
    cities: Codes,
    states: Codes,
    countries: Codes,
}

/// A company with its texts read, before they are counted.
struct Parsed {
    name: Name,
    domain: Option<String>,
    duns: Option<String>,
    phone: Option<String>,
    street: Street,
    postal_code: Option<String>,
    city: Option<String>,
    state: Option<String>,
}

impl Parsed {
    fn of(company: &Company<'_>) -> Self {
        let domain = company.domain.and_then(|domain| match Identity::of(domain) {
            Identity::Company(domain) => Some(domain),
            Identity::PersonalMail | Identity::Nobody => None,
        });
        Self {
            name: company.name.map(Name::parse).unwrap_or_default(),
            domain,
            duns: company.duns.and_then(place::duns),
            phone: company.phone.and_then(place::phone),
            street: company.street_address.map(Street::parse).unwrap_or_default(),
            postal_code: company.postal_code.and_then(place::postal_code),
            city: company.city.and_then(place::place),
            state: company.state.and_then(place::place),
        }
    }
}

impl Lists {
    /// Reads two lists, or one that is compared with itself.
    pub(super) fn read(
        left: &[Company<'_>],
        right: Option<&[Company<'_>]>,
        parallelism: &Parallelism,
    ) -> Self {
        let mut fields = Fields::default();
        let mut left = fields.list(left, parallelism);
        let mut right = right.map(|companies| fields.list(companies, parallelism));
        let n_companies = left.records.len() + right.as_ref().map_or(0, |right| right.records.len());
        let texts = fields.words.texts();
        let kinds: Vec<WordKind> = texts.iter().map(|text| lexicon::kind(text)).collect();
        for list in std::iter::once(&mut left).chain(&mut right) {
            list.find_other_writings(&texts, &fields.words, parallelism);
        }
        let telling = fields.words.telling(n_companies, |word| match kinds[word as usize] {
            WordKind::Distinctive => share::WORD,
            _ => share::COMMON_WORD,
        });
        let telling_of = |codes: &Codes, share: f64| codes.telling(n_companies, |_| share);
        Self {
            left,
            right,
            words: Words { texts, kinds, telling },
            names: telling_of(&fields.names, share::NAME),
            domains: telling_of(&fields.domains, share::UNIQUE),
            phones: telling_of(&fields.phones, share::UNIQUE),
            addresses: telling_of(&fields.addresses, share::UNIQUE),
            postal_codes: telling_of(&fields.postal_codes, share::PLACE),
            cities: telling_of(&fields.cities, share::PLACE),
            states: telling_of(&fields.states, share::PLACE),
            countries: telling_of(&fields.countries, share::PLACE),
        }
    }

    /// The list in which companies of the left one are looked for.
    pub(super) fn right(&self) -> &List {
        self.right.as_ref().unwrap_or(&self.left)
    }
}

impl Fields {
    /// Reads the companies of a list on many threads, and counts them in their order.
    fn list(&mut self, companies: &[Company<'_>], parallelism: &Parallelism) -> List {
        let mut list = List::default();
        let starts: Vec<usize> = (0..companies.len()).step_by(CHUNK).collect();
        let chunk = |start: usize| &companies[start..companies.len().min(start + CHUNK)];
        let read = |start: &usize| (*start, chunk(*start).iter().map(Parsed::of).collect::<Vec<Parsed>>());
        let outcome = parallelism.pipe(&starts, read, |(start, parsed)| {
            for (company, parsed) in chunk(start).iter().zip(&parsed) {
                let record = self.record(company, parsed, &mut list.words);
                list.records.push(record);
            }
            Ok::<(), std::convert::Infallible>(())
        });
        match outcome {
            Ok(()) => list,
            Err(never) => match never {},
        }
    }

    fn record(&mut self, company: &Company<'_>, parsed: &Parsed, words: &mut Vec<u32>) -> Record {
        let start = words.len() as u32;
        words.extend(parsed.name.words.iter().map(|word| self.words.count(word)));
        let mut sorted: Vec<&str> = parsed.name.words.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        let whole = (!sorted.is_empty()).then(|| sorted.join(" "));
        let Street { number, street } = &parsed.street;
        let address =
            number.as_ref().zip(street.as_ref()).map(|(number, street)| format!("{number} {street}"));
        Record {
            words: start..words.len() as u32,
            form: parsed.name.form,
            name: self.names.count_some(whole.as_deref()),
            initials: MISSING,
            joined: None,
            id: self.ids.count(company.id),
            domain: self.domains.count_some(parsed.domain.as_deref()),
            duns: self.duns.count_some(parsed.duns.as_deref()),
            phone: self.phones.count_some(parsed.phone.as_deref()),
            address: self.addresses.count_some(address.as_deref()),
            number: self.numbers.count_some(number.as_deref()),
            street: self.streets.count_some(street.as_deref()),
            postal_code: self.postal_codes.count_some(parsed.postal_code.as_deref()),
            city: self.cities.count_some(parsed.city.as_deref()),
            state: self.states.count_some(parsed.state.as_deref()),
            country: self.countries.count_some(company.country),
        }
    }
}

impl List {
    /// Finds which initials and which neighbouring words taken together are words of other names.
    fn find_other_writings(&mut self, texts: &[Box<str>], known: &Codes, parallelism: &Parallelism) {
        let found = parallelism.map(&self.records, |_, record| {
            let words: Vec<String> =
                self.words(record).iter().map(|word| texts[*word as usize].to_string()).collect();
            let joined = words.windows(2).enumerate().find_map(|(place, pair)| {
                let code = known.find(&pair.concat())?;
                Some((place as u8, code))
            });
            let initials = Name { words, form: None }.initials().and_then(|initials| known.find(&initials));
            (initials.unwrap_or(MISSING), joined)
        });
        for (record, (initials, joined)) in self.records.iter_mut().zip(found) {
            record.initials = initials;
            record.joined = joined;
        }
    }
}
