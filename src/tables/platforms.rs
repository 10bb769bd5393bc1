//! Sites on which many companies have a place under one domain that is not theirs.

/// Platforms that give each customer a name below theirs and are not in the public suffix list, sorted.
///
/// Some put a region or a service between the customer and themselves, so only the whole name tells customers apart.
#[rustfmt::skip]
const TENANT_SUFFIXES: &[&str] = &[
    "atlassian.net", "bigcartel.com", "business.site", "canalblog.com", "dynamics.com", "e-monsite.com",
    "force.com", "freshdesk.com", "godaddysites.com", "hs-sites.com", "hubspotpagebuilder.com", "jimdo.com",
    "jimdofree.com", "jimdosite.com", "kinsta.cloud", "livejournal.com", "my.salesforce.com",
    "mystrikingly.com", "myworkdayjobs.com", "onmicrosoft.com", "over-blog.com", "pagesperso-orange.fr",
    "sharepoint.com", "site123.me", "squarespace.com", "strikingly.com", "substack.com", "tilda.ws",
    "tumblr.com", "typepad.com", "ueniweb.com", "webnode.com", "webs.com", "weebly.com", "wordpress.com",
    "zendesk.com", "zohosites.com",
];

/// Sites whose pages speak of others, sorted: a page is not its site, though the site itself is a company.
#[rustfmt::skip]
const PAGE_SITES: &[&str] = &[
    "about.me", "airbnb.com", "amazon.com", "apple.com", "bit.ly", "booking.com", "crunchbase.com",
    "ebay.com", "etsy.com", "facebook.com", "fb.com", "fb.me", "github.com", "goo.gl", "google.com",
    "instagram.com", "line.me", "linkedin.com", "linktr.ee", "lnkd.in", "medium.com", "meetup.com",
    "pinterest.com", "reddit.com", "soundcloud.com", "t.co", "t.me", "threads.net", "tiktok.com",
    "tripadvisor.com", "trustpilot.com", "twitter.com", "vimeo.com", "vk.com", "wa.me", "weibo.com",
    "whatsapp.com", "x.com", "xing.com", "yelp.com", "youtu.be", "youtube.com",
];

/// What stands before the name of a platform in a host in lower case: empty for the bare platform; `None` for a host
/// that is on none.
pub(super) fn tenant(host: &str) -> Option<&str> {
    TENANT_SUFFIXES.iter().find_map(|suffix| match host.strip_suffix(suffix)? {
        "" => Some(""),
        tenant => tenant.strip_suffix('.'),
    })
}

/// Whether pages below this registrable domain speak of others.
pub(super) fn has_pages_of_others(domain: &str) -> bool {
    PAGE_SITES.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_no_public_suffix() {
        assert!(TENANT_SUFFIXES.is_sorted_by(|a, b| a < b));
        assert!(PAGE_SITES.is_sorted_by(|a, b| a < b));
        for name in TENANT_SUFFIXES {
            assert!(psl::domain_str(name).is_some(), "{name} is in the public suffix list by now");
        }
        for site in PAGE_SITES {
            assert_eq!(psl::domain_str(site), Some(*site));
        }
    }

    #[test]
    fn a_tenant_ends_at_a_dot() {
        assert_eq!(tenant("contoso.onmicrosoft.com"), Some("contoso"));
        assert_eq!(tenant("contoso.crm4.dynamics.com"), Some("contoso.crm4"));
        assert_eq!(tenant("onmicrosoft.com"), Some(""));
        assert_eq!(tenant("notonmicrosoft.com"), None);
        assert_eq!(tenant("www.salesforce.com"), None);
    }
}
