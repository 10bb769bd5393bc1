//! Legal forms of companies: what the law calls them says little about who they are.
//!
//! From general knowledge of the forms in the register of ISO 20275 and of how they are abbreviated; translations of
//! one form are one [`LegalForm`].

/// What kind of body a legal form is, in any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LegalForm {
    /// Inc, Corp, Company: says only that it is a company.
    Corporation,
    /// Ltd, LLC, `GmbH`, SARL, Sp. z o.o., Pvt Ltd: limited, shares not traded.
    Limited,
    /// PLC, AG, S.A., S.p.A., AB (publ), ASA: limited by shares.
    Shares,
    /// LLP, KG, OHG, SNC: people who answer for it.
    Partnership,
    /// Cooperatives.
    Cooperative,
    /// Foundations, associations, non-profits.
    Association,
}

use LegalForm::{Association, Cooperative, Corporation, Limited, Partnership, Shares};

/// The longest form in words: *societe a responsabilite limitee* has four, *spolka z ograniczona odpowiedzialnoscia* too.
pub(super) const MOST_WORDS: usize = 6;

/// Forms as their words are written one after the other, folded and without dots; sorted.
#[rustfmt::skip]
const FORMS: &[(&str, LegalForm)] = &[
    ("ab", Shares), ("abpubl", Shares), ("ad", Shares), ("ag", Shares), ("agcokg", Partnership),
    ("aksjeselskap", Limited), ("aktiebolag", Shares), ("aktiebolaget", Shares), ("aktiengesellschaft", Shares),
    ("aktieselskab", Shares), ("allmennaksjeselskap", Shares), ("ans", Partnership), ("ao", Shares),
    ("aps", Limited), ("as", Shares), ("asa", Shares), ("asbl", Association), ("atd", Limited),
    ("benefitcorporation", Corporation), ("berhad", Shares), ("beslotenvennootschap", Limited), ("bhd", Shares),
    ("bv", Limited), ("bvba", Limited), ("cic", Association), ("cio", Association), ("co", Corporation),
    ("cokg", Partnership), ("coltd", Limited), ("comanditasimple", Partnership), ("compagnie", Corporation),
    ("compania", Corporation), ("company", Corporation), ("companyincorporated", Corporation),
    ("companylimited", Limited), ("coop", Cooperative), ("cooperative", Cooperative), ("coopua", Cooperative),
    ("copvtltd", Limited), ("corp", Corporation), ("corporacion", Corporation), ("corporation", Corporation),
    ("cv", Partnership), ("cvba", Cooperative), ("dd", Shares), ("doo", Limited), ("ead", Shares),
    ("eg", Cooperative), ("egen", Cooperative), ("ehf", Limited), ("eingetragenegenossenschaft", Cooperative),
    ("eingetragenerverein", Association), ("eireli", Limited), ("eirl", Limited), ("ek", Corporation),
    ("ekfm", Corporation), ("eood", Limited), ("esv", Association), ("eurl", Limited), ("ev", Association),
    ("fzco", Limited), ("fze", Limited), ("fzllc", Limited), ("gbr", Partnership), ("genossenschaft", Cooperative),
    ("gesellschaftmitbeschrankterhaftung", Limited), ("gesmbh", Limited), ("ggmbh", Association),
    ("gie", Partnership), ("gmbh", Limited), ("gmbhandcokg", Partnership), ("gmbhandcokgaa", Partnership),
    ("gmbhcokg", Partnership), ("gmbhucokg", Partnership), ("gmbhundcokg", Partnership), ("godokaisha", Limited),
    ("hb", Partnership), ("hf", Shares), ("ikekft", Limited), ("inc", Corporation), ("incorporated", Corporation),
    ("is", Partnership), ("jointstockcompany", Shares), ("jsc", Shares), ("kabushikikaisha", Shares),
    ("kb", Partnership), ("kft", Limited), ("kg", Partnership), ("kgaa", Shares), ("kk", Shares),
    ("kommanditgesellschaft", Partnership), ("korlatoltfelelossegutarsasag", Limited), ("ks", Partnership),
    ("lda", Limited), ("limitada", Limited), ("limited", Limited), ("limitedcompany", Limited),
    ("limitedliabilitycompany", Limited), ("limitedliabilitypartnership", Partnership),
    ("limitedpartnership", Partnership), ("limitee", Limited), ("llc", Limited), ("lllp", Partnership),
    ("llp", Partnership), ("lp", Partnership), ("ltd", Limited), ("ltda", Limited), ("ltdco", Limited),
    ("ltdsti", Limited), ("ltee", Limited), ("mbh", Limited), ("naamlozevennootschap", Shares),
    ("nonprofit", Association), ("nv", Shares), ("nyrt", Shares), ("oao", Shares),
    ("offenehandelsgesellschaft", Partnership), ("ohg", Partnership), ("ood", Limited), ("ooo", Limited),
    ("osakeyhtio", Limited), ("osauhing", Limited), ("ou", Limited), ("oy", Limited), ("oyab", Limited),
    ("oyj", Shares), ("pao", Shares), ("pjsc", Shares), ("plc", Shares), ("pllc", Limited),
    ("privatecompanylimited", Limited), ("privatelimited", Limited), ("privatelimitedcompany", Limited),
    ("privateltd", Limited), ("proprietarylimited", Limited), ("psc", Shares), ("pt", Limited), ("pte", Limited),
    ("pteltd", Limited), ("pttbk", Shares), ("pty", Limited), ("ptyltd", Limited), ("publiclimitedcompany", Shares),
    ("pvt", Limited), ("pvtltd", Limited), ("qsc", Shares), ("rt", Shares), ("sa", Shares), ("saa", Shares),
    ("sab", Shares), ("sabdecv", Shares), ("sac", Shares), ("sadecv", Shares), ("saoc", Shares), ("saog", Shares),
    ("sapi", Shares), ("sapidecv", Shares), ("sarl", Limited), ("sarlu", Limited), ("sas", Limited),
    ("sasu", Limited), ("sca", Partnership), ("sci", Partnership), ("scop", Cooperative), ("scrl", Cooperative),
    ("scs", Partnership), ("sdedecv", Limited), ("sderl", Limited), ("sderldecv", Limited), ("sdnbhd", Limited),
    ("se", Shares), ("sia", Limited), ("sl", Limited), ("slu", Limited), ("snc", Partnership),
    ("sociedadanonima", Shares), ("sociedaddeacciones", Shares), ("sociedadeanonima", Shares),
    ("sociedadelimitada", Limited), ("sociedadlimitada", Limited), ("societaaresponsabilitalimitata", Limited),
    ("societaperazioni", Shares), ("societeanonyme", Shares), ("societearesponsabilitelimitee", Limited),
    ("societeparactionssimplifiee", Limited), ("spa", Shares), ("spj", Partnership), ("spk", Partnership),
    ("spolkaakcyjna", Shares), ("spolkajawna", Partnership), ("spolkakomandytowa", Partnership),
    ("spolkazograniczonaodpowiedzialnoscia", Limited), ("spolsro", Limited), ("spoo", Limited), ("sprl", Limited),
    ("spz", Limited), ("spzoo", Limited), ("spzook", Partnership), ("spzoospk", Partnership), ("srl", Limited),
    ("srlu", Limited), ("sro", Limited), ("stichting", Association), ("tbk", Shares), ("tov", Limited),
    ("uab", Limited), ("ug", Limited), ("ughaftungsbeschrankt", Limited), ("ultd", Limited),
    ("unlimited", Corporation), ("verein", Association), ("vof", Partnership), ("vos", Partnership),
    ("vzw", Association), ("wll", Limited), ("zao", Shares), ("zrt", Shares),
];

/// Forms that stand before the name in some countries and are hardly anybody's initials.
const LEADING: &[&str] = &[
    "ab",
    "aktiebolaget",
    "jsc",
    "kabushikikaisha",
    "oao",
    "ooo",
    "pao",
    "pt",
    "sarl",
    "sas",
    "sia",
    "societeanonyme",
    "stichting",
    "tov",
    "uab",
    "zao",
];

fn form(joined: &str) -> Option<LegalForm> {
    FORMS.binary_search_by(|(form, _)| (*form).cmp(joined)).ok().map(|place| FORMS[place].1)
}

/// Takes legal forms off the words of a name, from its end and then from its start, and never the last word.
///
/// The outermost form at the end is the one that counts: `Acme GmbH & Co. KG` is a partnership.
pub(super) fn strip(words: &mut Vec<String>) -> Option<LegalForm> {
    let mut found = None;
    while let Some((n_words, form)) = at_end(words) {
        words.truncate(words.len() - n_words);
        if words.last().is_some_and(|word| word == "and") && words.len() > 1 {
            words.pop();
        }
        found = found.or(Some(form));
    }
    if words.len() > 1 && LEADING.contains(&words[0].as_str()) {
        found = found.or(form(&words[0]));
        words.remove(0);
    }
    found
}

/// The longest form at the end that leaves a word before it, and how many words it has.
fn at_end(words: &[String]) -> Option<(usize, LegalForm)> {
    let most = MOST_WORDS.min(words.len().saturating_sub(1));
    (1..=most).rev().find_map(|n_words| {
        let joined = words[words.len() - n_words..].concat();
        Some((n_words, form(&joined)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(name: &str) -> (String, Option<LegalForm>) {
        let mut words: Vec<String> = name.split(' ').map(str::to_owned).collect();
        let form = strip(&mut words);
        (words.join(" "), form)
    }

    #[test]
    fn forms_go_from_both_ends_and_leave_a_name() {
        for (name, rest, form) in [
            ("acme inc", "acme", Some(Corporation)),
            ("acme co ltd", "acme", Some(Limited)),
            ("acme sp z oo", "acme", Some(Limited)),
            ("acme spolka z ograniczona odpowiedzialnoscia", "acme", Some(Limited)),
            ("acme gmbh and co kg", "acme", Some(Partnership)),
            ("acme pvt ltd", "acme", Some(Limited)),
            ("acme s de rl de cv", "acme", Some(Limited)),
            ("ooo acme", "acme", Some(Limited)),
            ("ab volvo", "volvo", Some(Shares)),
            ("the limited", "the", Some(Limited)),
            ("limited", "limited", None),
            ("acme", "acme", None),
            ("ab", "ab", None),
        ] {
            assert_eq!(stripped(name), (rest.to_owned(), form), "{name}");
        }
    }

    #[test]
    fn forms_are_sorted_and_listed_once() {
        assert!(FORMS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(LEADING.iter().all(|leading| form(leading).is_some()));
    }
}
