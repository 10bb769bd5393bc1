//! What is known about words before any list is seen: which are ordinary, which only name a part, which stand for
//! another.
//!
//! Without it two lists of a hundred names could not know that "bank" is a common word and "Woonsocket" is not.

/// What part a word plays in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    /// May name a company.
    Distinctive,
    /// In many names, such as "bank": says little.
    Ordinary,
    /// Names a part or a shell of a company, such as "holdings" or "logistics".
    Unit,
    /// A country, a state or a region: names a part where another part has another.
    Place,
    /// A number: another number is another thing.
    Number,
    /// A direction or one of two opposites: the other one is another thing.
    Direction,
}

/// Words that join others and say nothing, sorted.
#[rustfmt::skip]
const JOINING: &[&str] = &[
    "a", "am", "an", "and", "at", "by", "d", "da", "das", "dba", "de", "del", "della", "den", "der", "des", "di",
    "die", "do", "dos", "du", "e", "el", "en", "et", "for", "fur", "het", "i", "in", "la", "las", "le", "les",
    "los", "och", "of", "og", "on", "the", "to", "u", "und", "van", "von", "y",
];

/// What a word stands for, sorted by the word.
#[rustfmt::skip]
const STANDS_FOR: &[(&str, &str)] = &[
    ("acad", "academy"), ("acct", "accounting"), ("admin", "administration"), ("adv", "advanced"),
    ("agcy", "agency"), ("amer", "american"), ("america", "american"), ("americas", "american"),
    ("apt", "apartments"), ("assn", "association"), ("assoc", "associates"), ("auth", "authority"),
    ("bldg", "building"), ("bnk", "bank"), ("brands", "brand"), ("bros", "brothers"), ("cent", "central"),
    ("centers", "center"), ("centre", "center"), ("chem", "chemical"), ("chemicals", "chemical"),
    ("chems", "chemical"), ("cmnty", "community"), ("cntr", "center"), ("coll", "college"),
    ("comm", "communications"), ("comms", "communications"), ("communication", "communications"),
    ("comp", "computer"), ("computers", "computer"), ("cons", "construction"), ("const", "construction"),
    ("constr", "construction"), ("corps", "corporation"), ("ctr", "center"), ("ctrs", "center"),
    ("dept", "department"), ("dev", "development"), ("dist", "distribution"), ("distr", "distribution"),
    ("distributors", "distribution"), ("ed", "education"), ("educ", "education"), ("educational", "education"),
    ("eight", "8"), ("elec", "electric"), ("electrical", "electric"), ("elem", "elementary"),
    ("eng", "engineering"), ("engg", "engineering"), ("engr", "engineering"), ("ent", "enterprises"),
    ("enterprise", "enterprises"), ("entmt", "entertainment"), ("equip", "equipment"), ("equipt", "equipment"),
    ("fdn", "foundation"), ("fed", "federal"), ("fin", "financial"), ("finance", "financial"),
    ("finl", "financial"), ("five", "5"), ("fncl", "financial"), ("four", "4"), ("ft", "fort"), ("gen", "general"),
    ("genl", "general"), ("govt", "government"), ("groupe", "group"), ("grp", "group"), ("grupo", "group"),
    ("gruppe", "group"), ("gruppo", "group"), ("hldg", "holdings"), ("hldgs", "holdings"), ("holding", "holdings"),
    ("hosp", "hospital"), ("hospitals", "hospital"), ("hq", "headquarters"), ("hts", "heights"), ("ii", "2"),
    ("iii", "3"), ("ind", "industries"), ("indl", "industrial"), ("inds", "industries"), ("industry", "industries"),
    ("ins", "insurance"), ("inst", "institute"), ("institution", "institute"), ("int", "international"),
    ("intern", "international"), ("internatl", "international"), ("intl", "international"),
    ("intnl", "international"), ("inv", "investments"), ("investment", "investments"), ("iv", "4"),
    ("jr", "junior"), ("kindergarden", "kindergarten"), ("lab", "laboratories"), ("laboratory", "laboratories"),
    ("labs", "laboratories"), ("lib", "library"), ("lrng", "learning"), ("mach", "machinery"),
    ("maint", "maintenance"), ("manuf", "manufacturing"), ("manufacturer", "manufacturing"),
    ("manufacturers", "manufacturing"), ("markets", "market"), ("mat", "materials"), ("material", "materials"),
    ("mech", "mechanical"), ("med", "medical"), ("mem", "memorial"), ("metro", "metropolitan"),
    ("mfg", "manufacturing"), ("mfr", "manufacturing"), ("mfrs", "manufacturing"), ("mgmt", "management"),
    ("mgt", "management"), ("mkt", "market"), ("mktg", "marketing"), ("mkts", "market"), ("motors", "motor"),
    ("mt", "mount"), ("mtg", "mortgage"), ("mtn", "mountain"), ("mun", "municipal"), ("mut", "mutual"),
    ("nat", "national"), ("natl", "national"), ("netwk", "network"), ("networks", "network"), ("nine", "9"),
    ("nr", "no"), ("one", "1"), ("org", "organization"), ("organisation", "organization"), ("outlets", "outlet"),
    ("partner", "partners"), ("petrol", "petroleum"), ("pharm", "pharmaceuticals"), ("pharma", "pharmaceuticals"),
    ("pharmaceutical", "pharmaceuticals"), ("pharms", "pharmaceuticals"), ("plng", "planning"),
    ("prod", "products"), ("prods", "products"), ("product", "products"), ("production", "productions"),
    ("prof", "professional"), ("prop", "properties"), ("property", "properties"), ("props", "properties"),
    ("pub", "publishing"), ("publ", "publishing"), ("rd", "road"), ("rec", "recreation"),
    ("rehab", "rehabilitation"), ("rental", "rentals"), ("res", "resources"), ("resource", "resources"),
    ("rest", "restaurants"), ("restaurant", "restaurants"), ("rlty", "realty"), ("rr", "railroad"),
    ("rwy", "railway"), ("ry", "railway"), ("sch", "school"), ("schools", "school"), ("sci", "sciences"),
    ("science", "sciences"), ("sec", "securities"), ("semi", "semiconductor"), ("semiconductors", "semiconductor"),
    ("semis", "semiconductor"), ("serv", "services"), ("service", "services"), ("servs", "services"),
    ("seven", "7"), ("six", "6"), ("soc", "society"), ("soln", "solutions"), ("solns", "solutions"),
    ("solution", "solutions"), ("spec", "specialty"), ("sr", "senior"), ("srvc", "services"), ("srvcs", "services"),
    ("st", "saint"), ("store", "stores"), ("strs", "stores"), ("sup", "supply"), ("suppl", "supply"),
    ("supplies", "supply"), ("svc", "services"), ("svcs", "services"), ("svgs", "savings"), ("sys", "systems"),
    ("syst", "systems"), ("system", "systems"), ("tech", "technologies"), ("technology", "technologies"),
    ("techs", "technologies"), ("tel", "telecommunications"), ("telecom", "telecommunications"), ("ten", "10"),
    ("three", "3"), ("tr", "trust"), ("transp", "transportation"), ("transport", "transportation"), ("two", "2"),
    ("univ", "university"), ("us", "usa"), ("util", "utilities"), ("utils", "utilities"), ("vet", "veterinary"),
    ("vi", "6"), ("vii", "7"), ("viii", "8"), ("whse", "warehouse"), ("whsl", "wholesale"), ("wrks", "works"),
    ("xpress", "express"), ("yth", "youth"),
];

/// Words in many names, as they are written after [`stands_for`], sorted.
#[rustfmt::skip]
const ORDINARY: &[&str] = &[
    "academy", "accounting", "advanced", "advisors", "agency", "air", "alliance", "american", "apartments",
    "associates", "association", "auto", "automotive", "bakery", "bank", "bar", "beauty", "best", "brand",
    "brothers", "building", "business", "cafe", "capital", "car", "care", "catholic", "center", "central",
    "chemical", "child", "children", "childrens", "church", "city", "clean", "cleaning", "clinic", "club", "coffee",
    "college", "commercial", "communications", "community", "computer", "construction", "consulting", "contractors",
    "county", "credit", "custom", "data", "day", "daycare", "dental", "department", "design", "designs",
    "development", "digital", "direct", "distribution", "early", "education", "electric", "electronics",
    "elementary", "energy", "engineering", "enterprises", "entertainment", "environmental", "equipment", "express",
    "family", "farm", "farms", "fashion", "federal", "financial", "first", "fitness", "food", "foods", "foundation",
    "fund", "gas", "general", "global", "gold", "golf", "government", "grand", "great", "green", "group", "hall",
    "health", "healthcare", "high", "home", "homes", "hospital", "hotel", "hotels", "house", "human", "industrial",
    "industries", "information", "innovations", "institute", "insurance", "interiors", "international",
    "investments", "island", "jewelry", "junior", "kids", "laboratories", "lake", "land", "landscaping", "law",
    "learning", "leasing", "life", "machinery", "management", "manufacturing", "marine", "market", "marketing",
    "materials", "media", "medical", "memorial", "metal", "metals", "mobile", "modern", "montessori", "mortgage",
    "motor", "mountain", "mutual", "national", "natural", "network", "nursery", "office", "oil", "organization",
    "pacific", "paper", "park", "partners", "petroleum", "pharmaceuticals", "pharmacy", "photo", "pizza",
    "plastics", "plumbing", "power", "premier", "preschool", "print", "printing", "private", "pro", "productions",
    "products", "professional", "properties", "public", "publishing", "quality", "railway", "real", "realty", "red",
    "regional", "rentals", "repair", "research", "resources", "restaurants", "river", "royal", "safety", "saint",
    "sales", "salon", "savings", "school", "sciences", "security", "semiconductor", "senior", "services", "shop",
    "smart", "society", "software", "solutions", "spa", "specialty", "sports", "star", "state", "steel", "stores",
    "studio", "studios", "sun", "super", "supply", "systems", "team", "technologies", "telecommunications", "total",
    "town", "trade", "trading", "training", "transportation", "travel", "trucking", "trust", "union", "united",
    "universal", "university", "usa", "utilities", "ventures", "video", "village", "vision", "water", "web",
    "wireless", "women", "wood", "works", "world", "worldwide", "youth",
];

/// Words for a part or a shell of a company, sorted.
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "branch", "brand", "business", "companies", "department", "division", "enterprises", "global", "group",
    "headquarters", "holdings", "industries", "international", "leasing", "logistics", "management", "operations",
    "partners", "properties", "region", "regional", "retail", "sales", "services", "shared", "solutions", "stores",
    "subsidiary", "technologies", "unit", "ventures", "worldwide",
];

/// Countries, states and regions in one word, sorted.
#[rustfmt::skip]
const PLACES: &[&str] = &[
    "africa", "alabama", "alaska", "apac", "argentina", "arizona", "arkansas", "asia", "atlantic", "australia",
    "austria", "belgium", "benelux", "brasil", "brazil", "california", "canada", "chile", "china", "colombia",
    "colorado", "connecticut", "czech", "dach", "delaware", "denmark", "deutschland", "egypt", "emea", "espana",
    "europe", "finland", "florida", "france", "georgia", "germany", "greece", "hawaii", "hungary", "iberia",
    "idaho", "illinois", "india", "indiana", "indonesia", "iowa", "ireland", "israel", "italia", "italy", "japan",
    "kansas", "kentucky", "korea", "latam", "louisiana", "luxembourg", "maine", "malaysia", "maryland",
    "massachusetts", "mexico", "michigan", "midwest", "minnesota", "mississippi", "missouri", "montana", "nebraska",
    "netherlands", "nevada", "nordic", "norge", "norway", "ohio", "oklahoma", "ontario", "oregon", "osterreich",
    "pennsylvania", "peru", "philippines", "poland", "polska", "portugal", "quebec", "romania", "russia",
    "scandinavia", "schweiz", "scotland", "singapore", "slovakia", "spain", "suisse", "sverige", "sweden",
    "switzerland", "taiwan", "tennessee", "texas", "thailand", "turkey", "uae", "uk", "ukraine", "utah", "vermont",
    "vietnam", "virginia", "wales", "washington", "wisconsin", "wyoming",
];

/// Directions, and words whose opposite is another company or another part of one, sorted.
#[rustfmt::skip]
const DIRECTIONS: &[&str] = &[
    "boys", "downtown", "east", "eastern", "girls", "junior", "lower", "men", "north", "northeast", "northeastern",
    "northern", "northwest", "northwestern", "old", "senior", "south", "southeast", "southeastern", "southern",
    "southwest", "southwestern", "upper", "uptown", "west", "western", "women",
];

fn has(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

/// Whether a word only joins others.
pub(super) fn is_joining(word: &str) -> bool {
    has(JOINING, word)
}

/// The word that an abbreviation, a plural or a numeral stands for; itself where none is known.
pub(super) fn stands_for(word: &str) -> &str {
    STANDS_FOR.binary_search_by(|(short, _)| (*short).cmp(word)).map_or(word, |place| STANDS_FOR[place].1)
}

/// Other writings of a word that [`stands_for`] leads to it.
pub(super) fn also_written(word: &str) -> impl Iterator<Item = &str> {
    STANDS_FOR.iter().filter(move |(_, long)| *long == word).map(|(short, _)| *short)
}

/// What part a word plays, as far as is known without a list.
pub(super) fn kind(word: &str) -> WordKind {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        WordKind::Number
    } else if has(DIRECTIONS, word) {
        WordKind::Direction
    } else if has(PLACES, word) {
        WordKind::Place
    } else if has(UNITS, word) {
        WordKind::Unit
    } else if has(ORDINARY, word) {
        WordKind::Ordinary
    } else {
        WordKind::Distinctive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_abbreviations_end_at_a_word() {
        for list in [JOINING, ORDINARY, UNITS, PLACES, DIRECTIONS] {
            let fault = list.windows(2).find(|pair| pair[0] >= pair[1]);
            assert_eq!(fault, None);
        }
        let fault = STANDS_FOR.windows(2).find(|pair| pair[0].0 >= pair[1].0);
        assert_eq!(fault, None);
        for (short, long) in STANDS_FOR {
            assert_eq!(stands_for(long), *long, "{short} leads to another abbreviation");
        }
    }

    #[test]
    fn words_have_their_parts() {
        assert_eq!(kind("2"), WordKind::Number);
        assert_eq!(kind("west"), WordKind::Direction);
        assert_eq!(kind("canada"), WordKind::Place);
        assert_eq!(kind("bank"), WordKind::Ordinary);
        assert_eq!(kind("woonsocket"), WordKind::Distinctive);
        assert_eq!(stands_for("intl"), "international");
    }
}
