//! Which company an internet address speaks of: the identity by which rows without an account are joined.

use super::personal_mail::is_personal_mail;
use super::platforms;
use super::punycode;

/// What a domain, a host, a URL or an e-mail address says about the company behind it.
///
/// A company is known by its *registrable* domain: the part of a host that somebody has registered below a public
/// suffix such as `com` or `co.uk`, so that `shop.acme.co.uk`, `https://www.acme.co.uk/en` and `jane@acme.co.uk` are
/// all `acme.co.uk`. Public suffixes are those of Mozilla's list (<https://publicsuffix.org>), compiled in.
///
/// The private part of that list counts too: `acme.github.io` and `beta.github.io` are two companies, and bare
/// `github.io` is none, because joining two tenants of one platform is worse than not joining them. So do platforms
/// that the list does not have, such as `onmicrosoft.com`; there the whole host is the company. A page on a site that
/// speaks of others, such as `facebook.com/acme`, is nobody, while `facebook.com` is a company.
///
/// ```
/// use propensity::tables::Identity;
///
/// let company = |domain: &str| Identity::Company(domain.to_owned());
/// assert_eq!(Identity::of("https://www.Shop.Example.co.uk:443/cart?id=7"), company("example.co.uk"));
/// assert_eq!(Identity::of("Jane Doe <jane.doe@mail.acme.com>"), company("acme.com"));
/// assert_eq!(Identity::of("www.bücher.de"), Identity::of("xn--bcher-kva.de"));
/// assert_eq!(Identity::of("jane@gmail.com"), Identity::PersonalMail);
/// assert_eq!(Identity::of("192.168.0.1"), Identity::Nobody);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// The company of this registrable domain: lower case, letters beyond ASCII in Punycode (`xn--...`), no dot at
    /// the end.
    Company(String),
    /// A provider of mailboxes for everybody, such as `gmail.com`: it names a person and no company.
    PersonalMail,
    /// An IP address, a name without a public suffix, a bare suffix, a page among many, or no address at all.
    Nobody,
}

/// Dots between labels: the full stop, and what stands for it in East Asian text.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
/// Characters that cannot be seen and that domains leave out; they come along when text is copied from pages.
const INVISIBLE: [char; 4] = ['\u{ad}', '\u{200b}', '\u{2060}', '\u{feff}'];
/// Longest label and longest host of the domain name system, in bytes.
const LABEL_LENGTH: usize = 63;
const HOST_LENGTH: usize = 253;

impl Identity {
    /// Reads the identity from a bare domain, a host, a URL or an e-mail address.
    ///
    /// Scheme, user, port, path, a dot at the end, case and white space around it do not matter; letters beyond ASCII
    /// may be in Unicode (composed, as keyboards write them) or in Punycode. Costs about a microsecond; callers ask once
    /// per distinct text.
    pub fn of(text: &str) -> Self {
        let Some(address) = Address::parse(text) else { return Self::Nobody };
        match ascii_host(address.host).as_deref().and_then(registrable) {
            Some(domain) if is_personal_mail(domain) => Self::PersonalMail,
            Some(domain) if address.is_page && platforms::has_pages_of_others(domain) => Self::Nobody,
            Some(domain) => Self::Company(domain.to_owned()),
            None => Self::Nobody,
        }
    }
}

/// The parts of an address that say whose it is.
struct Address<'a> {
    host: &'a str,
    /// Whether anything follows the host.
    is_page: bool,
}

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || INVISIBLE.contains(&c));
        // A name may stand before an e-mail address in angle brackets.
        let text = match text.strip_suffix('>') {
            Some(text) => text.rsplit_once('<')?.1.trim(),
            None => text,
        };
        let text = after_scheme(text);
        let (authority, page) = text.split_at(text.find(['/', '\\', '?', '#']).unwrap_or(text.len()));
        let host = match authority.split_once('@') {
            // Two addresses in one cell name two companies.
            Some((user, _)) if user.contains(|c: char| c.is_whitespace() || ",;".contains(c)) => return None,
            Some((_, host)) => host,
            None => authority,
        };
        let host = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            Some(_) => return None,
            None => host,
        };
        Some(Self { host, is_page: !page.trim_matches(['/', '\\']).is_empty() })
    }
}

/// The text without `https://`, `//` or `mailto:`.
fn after_scheme(text: &str) -> &str {
    let is_scheme = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    match text.split_once("//") {
        Some(("", rest)) => return rest,
        Some((scheme, rest)) if scheme.strip_suffix(':').is_some_and(is_scheme) => return rest,
        _ => {}
    }
    match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") => rest.trim_start(),
        _ => text,
    }
}

/// A host as the domain name system writes it: ASCII, lower case; `None` where it could not be one.
fn ascii_host(host: &str) -> Option<String> {
    let host = host.strip_suffix(DOTS).unwrap_or(host);
    let mut ascii = String::with_capacity(host.len());
    for label in host.split(DOTS) {
        if !ascii.is_empty() {
            ascii.push('.');
        }
        push_label(label, &mut ascii)?;
    }
    (ascii.len() <= HOST_LENGTH).then_some(ascii)
}

fn push_label(label: &str, host: &mut String) -> Option<()> {
    let start = host.len();
    if label.is_ascii() {
        host.extend(label.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        let visible = label.chars().filter(|c| !INVISIBLE.contains(c));
        let lower: String = visible.flat_map(char::to_lowercase).collect();
        if lower.chars().any(|c| c.is_whitespace() || c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return None;
        }
        // In a longer one no encoding would fit, and encoding costs the square of the length.
        if lower.chars().count() > LABEL_LENGTH {
            return None;
        }
        if lower.is_ascii() {
            host.push_str(&lower);
        } else {
            host.push_str("xn--");
            punycode::encode(&lower, host)?;
        }
    }
    let label = &host.as_bytes()[start..];
    let fits = (1..=LABEL_LENGTH).contains(&label.len());
    let plain = label.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    (fits && plain).then_some(())
}

/// The registrable domain of a host in its ASCII form, or the whole host on a platform that the list of suffixes does
/// not have.
fn registrable(host: &str) -> Option<&str> {
    let suffix = psl::suffix(host.as_bytes())?;
    let domain = psl::domain_str(host)?;
    match suffix.typ()? {
        psl::Type::Icann => {
            let name = host.trim_start_matches("www.");
            if let Some(tenant) = platforms::tenant(name) {
                return (!tenant.is_empty()).then_some(name);
            }
        }
        // The front door of the platform itself.
        psl::Type::Private if domain.starts_with("www.") => return None,
        psl::Type::Private => {}
    }
    let name = &domain[..domain.len() - suffix.as_bytes().len() - 1];
    // Names below a domain may hold underscores; what is registered may not.
    let registered = !name.starts_with('-') && !name.ends_with('-') && !name.contains('_');
    registered.then_some(domain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `text` is, with the domain of a company written out.
    fn identity(text: &str) -> String {
        match Identity::of(text) {
            Identity::Company(domain) => domain,
            Identity::PersonalMail => "personal".to_owned(),
            Identity::Nobody => "nobody".to_owned(),
        }
    }

    fn assert_identities(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(identity(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn every_form_of_address_leads_to_the_registrable_domain() {
        assert_identities(&[
            ("acme.com", "acme.com"),
            ("  ACME.Com\t", "acme.com"),
            ("acme.com.", "acme.com"),
            ("www.acme.com", "acme.com"),
            ("www.com", "www.com"),
            ("a.b.c.shop.example.co.uk", "example.co.uk"),
            ("acme.com:8080", "acme.com"),
            ("acme.com:", "acme.com"),
            ("http://acme.com", "acme.com"),
            ("HTTPS://user:secret@www.acme.com:443/a/b?c=d#e", "acme.com"),
            ("//cdn.acme.com/x.js", "acme.com"),
            ("acme.com/?next=https://beta.io", "acme.com"),
            ("acme.com/@jane", "acme.com"),
            ("acme.com\\path", "acme.com"),
            ("jane@acme.com", "acme.com"),
            ("@acme.com", "acme.com"),
            ("mailto:Jane.Doe+news@Mail.Acme.com?subject=hello", "acme.com"),
            ("Jane Doe <jane@acme.com>", "acme.com"),
            ("<jane@acme.com>", "acme.com"),
            ("_dmarc.acme.com", "acme.com"),
            ("3m.com", "3m.com"),
            ("x--y.de", "x--y.de"),
            ("www.city.kawasaki.jp", "city.kawasaki.jp"),
            ("acme.shop.kawasaki.jp", "acme.shop.kawasaki.jp"),
        ]);
    }

    #[test]
    fn names_beyond_ascii_have_one_form() {
        assert_identities(&[
            ("bücher.de", "xn--bcher-kva.de"),
            ("www.BÜCHER.de", "xn--bcher-kva.de"),
            ("XN--bcher-kva.DE", "xn--bcher-kva.de"),
            ("info@bücher.de", "xn--bcher-kva.de"),
            ("www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
            ("www。食狮．中国", "xn--85x722f.xn--fiqs8s"),
            ("\u{feff}ac\u{200b}me.com\u{ad}", "acme.com"),
            ("ac\u{a0}mé.com", "nobody"),
            ("caf\u{fffd}.com", "nobody"),
        ]);
        let longest = "ü".repeat(50) + ".de";
        assert!(identity(&longest).starts_with("xn--"), "{longest}");
        assert_eq!(identity(&("ü".repeat(64) + ".de")), "nobody");
    }

    #[test]
    fn tenants_of_a_platform_are_apart_and_the_platform_is_nobody() {
        assert_identities(&[
            ("acme.github.io", "acme.github.io"),
            ("docs.acme.github.io", "acme.github.io"),
            ("beta.github.io", "beta.github.io"),
            ("github.io", "nobody"),
            ("www.github.io", "nobody"),
            ("github.com", "github.com"),
            ("shop.blogspot.com", "shop.blogspot.com"),
            ("acme.uk.com", "acme.uk.com"),
            ("contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
            ("jane@contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
            ("www.www.contoso.wordpress.com", "contoso.wordpress.com"),
            ("contoso.crm4.dynamics.com", "contoso.crm4.dynamics.com"),
            ("onmicrosoft.com", "nobody"),
            ("https://www.wordpress.com/", "nobody"),
        ]);
    }

    #[test]
    fn a_page_among_many_is_not_its_site() {
        assert_identities(&[
            ("https://www.facebook.com/joes.pizza", "nobody"),
            ("linkedin.com/company/acme", "nobody"),
            ("https://www.facebook.com/", "facebook.com"),
            ("recruiter@linkedin.com", "linkedin.com"),
            ("acme.com/joes.pizza", "acme.com"),
        ]);
    }

    #[test]
    fn mailboxes_for_everybody_are_personal() {
        assert_identities(&[
            ("gmail.com", "personal"),
            ("Jane.Doe@GMAIL.com", "personal"),
            ("http://mail.yahoo.co.uk/inbox", "personal"),
            ("x@hotmail.fr", "personal"),
            ("pop.gmx.net", "personal"),
            ("throwaway@mailinator.com", "personal"),
            ("gmail.com.acme.com", "acme.com"),
            ("mygmail.com", "mygmail.com"),
        ]);
    }

    #[test]
    fn what_names_nobody_says_so() {
        for text in [
            "",
            " ",
            ".",
            "..",
            "-",
            "n/a",
            "none",
            "localhost",
            "com",
            ".com",
            "co.uk",
            "shop.kawasaki.jp",
            "192.168.0.1",
            "http://10.0.0.1:80/",
            "[2001:db8::1]",
            "2001:db8::1",
            "acme",
            "acme.local",
            "printer.lan",
            "notes.txt",
            "acme..com",
            ".acme.com",
            "acme.com..",
            "acme .com",
            "Acme Inc. (acme.com)",
            "a@acme.com, b@beta.io",
            "a@acme.com;b@beta.io",
            "a@b@acme.com",
            "acme.com:http",
            "-acme.com",
            "acme-.com",
            "ac_me.com",
            "acme!.com",
            "jane>",
            "@",
            "https://",
            "2026-01-01",
            "1.5",
        ] {
            assert_eq!(identity(text), "nobody", "{text:?}");
        }
        let label = "a".repeat(63);
        assert_eq!(identity(&format!("{label}.com")), format!("{label}.com"));
        assert_eq!(identity(&format!("{label}a.com")), "nobody");
        assert_eq!(identity(&format!("{}com", format!("{label}.").repeat(4))), "nobody");
    }

    proptest! {
        #[test]
        fn a_company_is_its_own_identity(text in "\\PC{0,12}(@|//|\\.)?[a-zA-Zü_-]{1,8}(\\.[a-z-]{1,6}){0,2}\\.(com|co\\.uk|de|github\\.io|wordpress\\.com)") {
            if let Identity::Company(domain) = Identity::of(&text) {
                prop_assert!(domain.is_ascii() && domain == domain.to_lowercase(), "{}", domain);
                prop_assert_eq!(Identity::of(&domain), Identity::Company(domain.clone()));
                let below = Identity::of(&format!("https://user@WWW.{domain}.:8080/"));
                prop_assert_eq!(below, Identity::Company(domain));
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC*") {
            let _ = Identity::of(&text);
        }
    }
}
