//! Domains of mailboxes for everybody: an address there names a person, not a company.
//!
//! Entries are registrable domains, from general knowledge of the providers. An internet provider is listed where its
//! customers get mailboxes on its domain, even if it uses the domain itself: a signal that joins nothing does less
//! harm than the signals of a million households on one account.

/// Providers of mailboxes for everybody, sorted.
#[rustfmt::skip]
const PROVIDERS: &[&str] = &[
    "012.net.il", "126.com", "139.com", "163.com", "188.com", "189.cn", "21cn.com", "263.net", "9online.fr",
    "a1.net", "aapt.net.au", "absamail.co.za", "abv.bg", "accountant.com", "actrix.co.nz", "adam.com.au",
    "adinet.com.uy", "aim.com", "airtelmail.in", "alice-dsl.net", "alice.de", "alice.it", "aliceadsl.fr",
    "aliyun.com", "ameritech.net", "aol.co.uk", "aol.com", "aol.com.au", "aol.de", "aol.es", "aol.fr",
    "aol.in", "aol.it", "aol.jp", "aol.nl", "aon.at", "apollo.lv", "arcor.de", "arnet.com.ar", "asia.com",
    "atlas.cz", "att.net", "au.com", "auone.jp", "autistici.org", "autograf.pl", "autorambler.ru",
    "azet.sk", "bbox.fr", "bellsouth.net", "bezeqint.net", "bigfoot.com", "biglobe.ne.jp", "bigmir.net",
    "bigpond.com", "bigpond.net.au", "bk.ru", "blu.it", "bluewin.ch", "blueyonder.co.uk", "bol.com.br",
    "bredband.net", "brighthouse.com", "broadpark.no", "bsnl.in", "btinternet.com", "btopenworld.com",
    "buziaczek.pl", "cableone.net", "cantv.net", "caramail.com", "care2.com", "casema.nl", "cegetel.net",
    "centrum.cz", "centrum.sk", "centurylink.net", "centurytel.net", "charter.net", "cheerful.com",
    "chello.at", "chello.nl", "china.com", "citlink.net", "citromail.hu", "ciudad.com.ar", "clear.net.nz",
    "clix.pt", "club-internet.fr", "cogeco.ca", "comcast.net", "comhem.se", "consolidated.net",
    "consultant.com", "contractor.net", "countermail.com", "cox.net", "ctemplar.com", "ctimail.com",
    "cytanet.com.cy", "dataone.in", "daum.net", "dbmail.com", "delfi.lt", "dion.ne.jp", "dir.bg",
    "disroot.org", "docomo.ne.jp", "doctor.com", "dodo.com.au", "dr.com", "dreamwiz.com", "duck.com",
    "e1.ru", "earthlink.net", "eastlink.ca", "eim.ae", "eircom.net", "elisanet.fi", "email.com", "email.cz",
    "email.de", "email.it", "email.si", "embarqmail.com", "emirates.net.ae", "empal.com", "engineer.com",
    "eonet.ne.jp", "epix.net", "etb.net.co", "eunet.rs", "europe.com", "euskaltel.net", "ewe.net",
    "ewetel.net", "excite.co.jp", "excite.com", "excite.it", "execs.com", "eyou.com", "ezweb.ne.jp",
    "fastmail.com", "fastmail.fm", "fastmail.net", "fastmail.org", "fastwebnet.it", "fibertel.com.ar",
    "flash.net", "forthnet.gr", "foxmail.com", "free.fr", "freemail.hu", "freenet.de", "freenetmail.de",
    "freeserve.co.uk", "frisurf.no", "frontier.com", "frontiernet.net", "fsmail.net", "fsnet.co.uk",
    "gazeta.pl", "gbg.bg", "globo.com", "globomail.com", "gmail.com", "gmx.at", "gmx.biz", "gmx.ch",
    "gmx.co.uk", "gmx.com", "gmx.de", "gmx.es", "gmx.eu", "gmx.fr", "gmx.info", "gmx.it", "gmx.li",
    "gmx.net", "gmx.org", "gmx.tm", "gmx.us", "go2.pl", "goo.jp", "googlemail.com", "hanmail.net",
    "hanmir.com", "hetnet.nl", "hey.com", "hi-ho.ne.jp", "hinet.net", "hispeed.ch", "hol.gr", "home.nl",
    "home.ro", "home.se", "homemail.com", "hot.ee", "hotbox.ru", "hotmail.at", "hotmail.be", "hotmail.ca",
    "hotmail.ch", "hotmail.cl", "hotmail.co.id", "hotmail.co.il", "hotmail.co.in", "hotmail.co.jp",
    "hotmail.co.kr", "hotmail.co.nz", "hotmail.co.th", "hotmail.co.uk", "hotmail.co.za", "hotmail.com",
    "hotmail.com.ar", "hotmail.com.au", "hotmail.com.br", "hotmail.com.hk", "hotmail.com.tr",
    "hotmail.com.tw", "hotmail.com.vn", "hotmail.cz", "hotmail.de", "hotmail.dk", "hotmail.es",
    "hotmail.fi", "hotmail.fr", "hotmail.gr", "hotmail.hu", "hotmail.it", "hotmail.lt", "hotmail.lv",
    "hotmail.my", "hotmail.nl", "hotmail.no", "hotmail.ph", "hotmail.ro", "hotmail.rs", "hotmail.se",
    "hotmail.sg", "hotmail.sk", "hughes.net", "hush.com", "hushmail.com", "i.ua", "iafrica.com",
    "icloud.com", "icloud.com.cn", "ig.com.br", "ihug.co.nz", "iinet.net.au", "in.gr", "iname.com",
    "inbox.com", "inbox.lt", "inbox.lv", "inbox.ru", "indamail.hu", "indiatimes.com", "indigo.ie",
    "inet.fi", "inet.hr", "infinitum.com.mx", "infoseek.jp", "inode.at", "inorbit.com", "insightbb.com",
    "interia.eu", "interia.pl", "internet.lu", "internet.ru", "inwind.it", "iol.ie", "iol.it", "iol.pt",
    "jaring.my", "jazztel.es", "jubii.dk", "juno.com", "k.ro", "kabelmail.de", "kabsi.at", "katamail.com",
    "keemail.me", "knology.net", "kolabnow.com", "kolumbus.fi", "korea.com", "kpnmail.nl", "kpnplanet.nl",
    "laposte.net", "lavabit.com", "lawyer.com", "libero.it", "libertysurf.fr", "lineone.net", "list.ru",
    "live.at", "live.be", "live.ca", "live.ch", "live.cl", "live.cn", "live.co.kr", "live.co.uk",
    "live.co.za", "live.com", "live.com.ar", "live.com.au", "live.com.mx", "live.com.my", "live.com.ph",
    "live.com.pt", "live.com.sg", "live.de", "live.dk", "live.fi", "live.fr", "live.hk", "live.ie",
    "live.in", "live.it", "live.jp", "live.nl", "live.no", "live.ru", "live.se", "london.com", "luukku.com",
    "lycos.co.kr", "lycos.co.uk", "lycos.com", "lycos.de", "lycos.fr", "mac.com", "madasafish.com",
    "mail.bg", "mail.com", "mail.de", "mail.dk", "mail.ee", "mail.ru", "mail.ua", "mail2world.com",
    "mailbox.org", "mailfence.com", "maktoob.com", "me.com", "mediacombb.net", "meta.ua", "mindspring.com",
    "movistar.es", "msn.com", "muslim.com", "mweb.co.za", "mynet.com", "myrambler.ru", "myself.com",
    "myyahoo.com", "narod.ru", "nate.com", "naver.com", "neostrada.pl", "net.hr", "netcabo.pt",
    "netcologne.de", "netscape.net", "netvigator.com", "netvision.net.il", "netzero.com", "netzero.net",
    "neuf.fr", "ngs.ru", "nifty.com", "noos.fr", "nordnet.fr", "ntlworld.com", "null.net", "numericable.fr",
    "o2.co.uk", "o2.pl", "o2online.de", "ocn.ne.jp", "odn.ne.jp", "ofir.dk", "oi.com.br", "one.lt",
    "onet.eu", "onet.pl", "onetel.com", "online.de", "online.ee", "online.no", "ono.com", "onsnet.nu",
    "op.pl", "optimum.net", "optonline.net", "optusnet.com.au", "orange.fr", "orange.net", "orcon.net.nz",
    "osnanet.de", "otenet.gr", "outlook.at", "outlook.be", "outlook.cl", "outlook.co.id", "outlook.co.il",
    "outlook.co.nz", "outlook.co.th", "outlook.com", "outlook.com.ar", "outlook.com.au", "outlook.com.br",
    "outlook.com.gr", "outlook.com.tr", "outlook.com.vn", "outlook.cz", "outlook.de", "outlook.dk",
    "outlook.es", "outlook.fr", "outlook.hu", "outlook.ie", "outlook.in", "outlook.it", "outlook.jp",
    "outlook.kr", "outlook.lv", "outlook.my", "outlook.ph", "outlook.pt", "outlook.sa", "outlook.sg",
    "outlook.sk", "ozemail.com.au", "pacbell.net", "pacific.net.sg", "paradise.net.nz", "paran.com",
    "passagen.se", "passport.com", "pchome.com.tw", "peoplepc.com", "plala.or.jp", "planet.nl", "plus.com",
    "plusnet.com", "pm.me", "pobox.sk", "pochta.ru", "poczta.fm", "pop.com.br", "post.com", "post.cz",
    "post.sk", "poste.it", "posteo.de", "posteo.eu", "posteo.net", "posteo.org", "prodigy.net",
    "prodigy.net.mx", "proton.me", "protonmail.ch", "protonmail.com", "proximus.be", "pt.lu", "ptd.net",
    "ptt.rs", "q.com", "qq.com", "quick.cz", "quicknet.nl", "qwest.net", "r7.com", "rambler.ru", "rcn.com",
    "rediff.com", "rediffmail.com", "riseup.net", "ro.ru", "roadrunner.com", "rocketmail.com", "rogers.com",
    "rr.com", "runbox.com", "safe-mail.net", "sancharnet.in", "sapo.pt", "sasktel.net", "saunalahti.fi",
    "sbcglobal.net", "scarlet.be", "seed.net.tw", "seznam.cz", "sfr.fr", "shaw.ca", "sify.com", "simnet.is",
    "sina.cn", "sina.com", "sina.com.cn", "singnet.com.sg", "siol.net", "skiff.com", "sky.com", "skynet.be",
    "slingshot.co.nz", "snet.net", "so-net.ne.jp", "sohu.com", "sonic.net", "spectrum.net", "speedy.com.ar",
    "spoko.pl", "spoluzaci.cz", "spray.se", "starhub.net.sg", "startmail.com", "stofanet.dk",
    "streamyx.com", "suddenlink.net", "sunrise.ch", "suomi24.fi", "supanet.com", "supereva.it",
    "superonline.com", "swbell.net", "swipnet.se", "sympatico.ca", "t-online.de", "t-online.hu",
    "talk21.com", "talktalk.net", "tdcadsl.dk", "tds.net", "teacher.com", "techie.com", "tele2.nl",
    "telefonica.net", "telenet.be", "telepac.pt", "teletu.it", "telkomsa.net", "telus.net", "terra.cl",
    "terra.com.ar", "terra.com.br", "terra.com.mx", "terra.com.pe", "terra.es", "tesco.net", "tim.it",
    "tin.it", "tiscali.co.uk", "tiscali.it", "tiscalinet.it", "tlen.pl", "tm.net.my", "tom.com",
    "tpg.com.au", "ttmail.com", "turk.net", "tut.by", "tuta.com", "tuta.io", "tutamail.com", "tutanota.com",
    "tutanota.de", "twc.com", "ukr.net", "une.net.co", "unitybox.de", "uol.com.br", "upcmail.nl", "usa.com",
    "utanet.at", "vera.com.uy", "verizon.net", "versanet.de", "versatel.nl", "videotron.ca", "vipmail.hu",
    "virgilio.it", "virgin.net", "virginmedia.com", "vo.lu", "vodafone.co.nz", "vodafone.de", "vodafone.gr",
    "vodafone.it", "vodafone.ne.jp", "vodafone.pt", "vodafonemail.de", "vodamail.co.za", "voila.fr",
    "volny.cz", "voo.be", "vp.pl", "vsnl.com", "vsnl.net", "vtr.net", "walla.co.il", "walla.com",
    "wanadoo.es", "wanadoo.fr", "web.de", "webmail.co.za", "welho.com", "westnet.com.au", "windowslive.com",
    "windstream.net", "wo.cn", "workmail.com", "wowway.com", "wp.pl", "writeme.com", "wxs.nl", "xs4all.nl",
    "xtra.co.nz", "ya.ru", "yahoo.at", "yahoo.be", "yahoo.bg", "yahoo.ca", "yahoo.ch", "yahoo.cl",
    "yahoo.cn", "yahoo.co.id", "yahoo.co.il", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.kr", "yahoo.co.nz",
    "yahoo.co.th", "yahoo.co.uk", "yahoo.co.za", "yahoo.com", "yahoo.com.ar", "yahoo.com.au",
    "yahoo.com.br", "yahoo.com.cn", "yahoo.com.co", "yahoo.com.hk", "yahoo.com.mx", "yahoo.com.my",
    "yahoo.com.pe", "yahoo.com.ph", "yahoo.com.sg", "yahoo.com.tr", "yahoo.com.tw", "yahoo.com.ua",
    "yahoo.com.ve", "yahoo.com.vn", "yahoo.cz", "yahoo.de", "yahoo.dk", "yahoo.ee", "yahoo.es", "yahoo.fi",
    "yahoo.fr", "yahoo.gr", "yahoo.hr", "yahoo.hu", "yahoo.ie", "yahoo.in", "yahoo.it", "yahoo.lt",
    "yahoo.lv", "yahoo.nl", "yahoo.no", "yahoo.pl", "yahoo.pt", "yahoo.ro", "yahoo.rs", "yahoo.ru",
    "yahoo.se", "yahoo.si", "yahoo.sk", "yam.com", "yandex.by", "yandex.com", "yandex.com.tr", "yandex.kz",
    "yandex.ru", "yandex.ua", "ybb.ne.jp", "yeah.net", "ymail.com", "youmail.dk", "zahav.net.il",
    "ziggo.nl", "zipmail.com.br", "zohomail.com", "zohomail.eu", "zohomail.in", "zonnet.nl",
    "zoominternet.net", "zoznam.sk",
];

/// Providers of mailboxes that are thrown away, sorted.
#[rustfmt::skip]
const DISPOSABLE: &[&str] = &[
    "10minemail.com", "10minutemail.com", "10minutemail.net", "1secmail.com", "1secmail.net",
    "1secmail.org", "20minutemail.com", "33mail.com", "addy.io", "anonaddy.com", "anonbox.net",
    "armyspy.com", "burnermail.io", "byom.de", "cuvox.de", "dayrep.com", "deadaddress.com", "discard.email",
    "discardmail.com", "discardmail.de", "dispostable.com", "einrot.com", "emailondeck.com",
    "emailtemporanea.net", "fakeinbox.com", "fakemail.net", "fakemailgenerator.com", "filzmail.com",
    "fleckens.hu", "getairmail.com", "getnada.com", "grr.la", "guerrillamail.biz", "guerrillamail.com",
    "guerrillamail.de", "guerrillamail.info", "guerrillamail.net", "guerrillamail.org",
    "guerrillamailblock.com", "gustr.com", "harakirimail.com", "inboxkitten.com", "incognitomail.org",
    "jetable.org", "jourrapide.com", "mailcatch.com", "maildrop.cc", "mailexpire.com", "mailinator.com",
    "mailinator.net", "mailmetrash.com", "mailnesia.com", "mailnull.com", "mailpoof.com", "meltmail.com",
    "mintemail.com", "moakt.com", "mohmal.com", "muellmail.com", "mytemp.email", "mytrashmail.com",
    "nada.email", "nospamfor.us", "nwytg.net", "pokemail.net", "rhyta.com", "sharklasers.com",
    "simplelogin.com", "simplelogin.io", "slipry.net", "spam4.me", "spambog.com", "spambox.us",
    "spamex.com", "spamfree24.org", "spamgourmet.com", "spaml.de", "superrito.com", "teleworm.us",
    "temp-mail.io", "temp-mail.org", "tempail.com", "tempemail.net", "tempinbox.com", "tempmail.com",
    "tempmail.dev", "tempmail.net", "tempmail.plus", "tempmailo.com", "tempr.email", "throwawaymail.com",
    "tmail.ws", "tmpmail.net", "tmpmail.org", "trash-mail.com", "trashmail.com", "trashmail.de",
    "trashmail.me", "trashmail.net", "trashmail.ws", "trbvm.com", "wegwerfmail.de", "wegwerfmail.net",
    "wegwerfmail.org", "yopmail.com", "yopmail.fr", "yopmail.net", "zetmail.com",
];

/// Whether mailboxes at this registrable domain, in lower case, are anybody's.
pub(super) fn is_personal_mail(domain: &str) -> bool {
    [PROVIDERS, DISPOSABLE].iter().any(|list| list.binary_search(&domain).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_of_registrable_domains() {
        for list in [PROVIDERS, DISPOSABLE] {
            assert!(list.is_sorted_by(|a, b| a < b));
            for domain in list {
                assert_eq!(psl::domain_str(domain), Some(*domain));
            }
        }
        assert!(PROVIDERS.len() > 150);
    }

    #[test]
    fn providers_are_told_from_companies() {
        let personal =
            ["gmail.com", "hotmail.co.uk", "yahoo.co.jp", "qq.com", "web.de", "gmx.net", "free.fr"];
        let more = ["orange.fr", "mail.ru", "proton.me", "icloud.com", "t-online.de", "mailinator.com"];
        assert!(personal.into_iter().chain(more).all(is_personal_mail));
        let companies =
            ["google.com", "microsoft.com", "apple.com", "comcast.com", "notgmail.com", "com", ""];
        assert!(!companies.into_iter().any(is_personal_mail));
    }
}
