//! What the name of a column says about when it was known.
//!
//! Words are weak evidence, so the gate asks the values too. What looks back (`days_since_last_deal_won`) was known
//! before, whatever it is about.

/// Last words of a name that say the column holds a key.
const KEY_WORDS: [&str; 11] =
    ["guid", "id", "identifier", "ids", "key", "no", "nr", "num", "number", "serial", "uuid"];

/// The case is over.
const END: [&str; 18] = [
    "canceled",
    "cancellation",
    "cancelled",
    "churned",
    "close",
    "closed",
    "closedate",
    "closing",
    "closure",
    "loss",
    "lost",
    "outcome",
    "resolution",
    "resolved",
    "terminated",
    "termination",
    "win",
    "won",
];
/// How far the case has come.
const STAGE: [&str; 12] = [
    "accepted",
    "cycle",
    "developed",
    "funnel",
    "identified",
    "negotiated",
    "phase",
    "pipeline",
    "proposed",
    "qualified",
    "stage",
    "validated",
];
/// How long something took.
const DURATION: [&str; 3] = ["duration", "elapsed", "length"];
/// Units of time.
const TIME: [&str; 12] = [
    "day", "days", "hour", "hours", "minute", "minutes", "month", "months", "second", "seconds", "time",
    "weeks",
];
/// The case itself, and words that add nothing: a duration of these is the duration of the case.
const CASE: [&str; 35] = [
    "a",
    "at",
    "call",
    "case",
    "change",
    "changed",
    "changes",
    "contact",
    "conversation",
    "count",
    "current",
    "deal",
    "for",
    "from",
    "in",
    "lead",
    "mins",
    "ms",
    "name",
    "of",
    "opp",
    "opportunity",
    "process",
    "sale",
    "sales",
    "sec",
    "secs",
    "status",
    "the",
    "through",
    "ticket",
    "to",
    "total",
    "until",
    "week",
];
/// The column speaks of the past before the case.
const LOOKS_BACK: [&str; 21] = [
    "ago",
    "before",
    "earlier",
    "ever",
    "former",
    "historic",
    "historical",
    "history",
    "last",
    "lifetime",
    "past",
    "prev",
    "previous",
    "previously",
    "prior",
    "rate",
    "recent",
    "recently",
    "since",
    "trailing",
    "ytd",
];

/// The words of a name by which it speaks of the course or the end of the case, joined by blanks.
pub(super) fn after_the_end(name: &str) -> Option<String> {
    let words = words(name);
    let is = |list: &[&str], word: &String| list.contains(&word.as_str());
    if words.iter().any(|word| is(&LOOKS_BACK, word) || is_window(word)) {
        return None;
    }
    let told = |lists: &[&[&str]]| -> Vec<&str> {
        let among = |word: &&String| lists.iter().any(|list| is(list, word));
        words.iter().filter(among).map(String::as_str).collect()
    };
    let any = |list: &[&str]| words.iter().any(|word| is(list, word));
    let of_the_case_alone = words
        .iter()
        .all(|word| [&END[..], &STAGE, &DURATION, &TIME, &CASE].iter().any(|list| is(list, word)));
    let found = if any(&END) {
        told(&[&END])
    } else if any(&STAGE) && (any(&TIME) || any(&DURATION)) {
        told(&[&STAGE, &TIME, &DURATION])
    } else if of_the_case_alone && (any(&STAGE) || any(&DURATION)) {
        told(&[&STAGE, &DURATION])
    } else {
        return None;
    };
    Some(found.join(" "))
}

/// Whether the last word of a name says that the column holds a key: `Opportunity Number`, `CustomerID`, `deal_no`.
pub(crate) fn ends_as_key(name: &str) -> bool {
    words(name).last().is_some_and(|word| KEY_WORDS.contains(&word.as_str()))
}

/// Whether a word is a window of time that ends today, such as `90d` or `12m`.
fn is_window(word: &str) -> bool {
    let digits = word.trim_end_matches(['d', 'w', 'm', 'y', 'q', 'h']);
    digits.len() + 1 == word.len() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The words of a name in lower case: `closedAt`, `closed_at` and `Closed At` are the same two.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut was_lower) = (Vec::new(), String::new(), false);
    for letter in name.chars() {
        if (!letter.is_alphanumeric() || (was_lower && letter.is_uppercase())) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_is_known_at_the_end() {
        let cases = [
            ("closed_at", "closed"),
            ("CloseDate", "close"),
            ("days to close", "close"),
            ("lost_reason", "lost"),
            ("Elapsed Days In Sales Stage", "elapsed days stage"),
            ("Sales Stage Change Count", "stage"),
            ("Total Days Identified Through Closing", "closing"),
            ("Total Days Identified Through Qualified", "days identified qualified"),
            ("Ratio Days Validated To Total Days", "days validated days"),
            ("deal_stage", "stage"),
            ("duration", "duration"),
            ("callDuration", "duration"),
            ("time_in_stage", "time stage"),
        ];
        for (name, words) in cases {
            assert_eq!(after_the_end(name).as_deref(), Some(words), "{name}");
        }
    }

    #[test]
    fn names_of_what_was_known_before() {
        let names = [
            "ProductRelated_Duration",
            "poutcome",
            "pdays",
            "previous",
            "campaign",
            "days_since_last_deal_won",
            "deals_won_12m",
            "win_rate",
            "funding_stage",
            "Revenue From Client Past Two Years",
            "Opportunity Amount USD",
            "contract_months",
            "Month",
            "engage_date",
            "sales_agent",
            "previous_campaign_outcome",
        ];
        for name in names {
            assert_eq!(after_the_end(name), None, "{name}");
        }
    }

    #[test]
    fn keys_are_told_by_their_last_word() {
        for (name, key) in [
            ("Opportunity Number", true),
            ("CustomerID", true),
            ("deal_no", true),
            ("casino", false),
            ("id_type", false),
        ] {
            assert_eq!(ends_as_key(name), key, "{name}");
        }
    }
}
