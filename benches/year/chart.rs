//! The year as a picture: the rate of purchases by cluster and month of the list.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use propensity::grid::Cluster;
use propensity::quantity::AsOf;

/// Purchases within the horizon and accounts, by cluster.
pub(crate) type Rates = BTreeMap<Cluster, (u64, u64)>;

/// Clusters that are drawn, with their colours.
pub(crate) const DRAWN: [(Cluster, &str); 4] = [
    (Cluster::ActNow, "#1b7837"),
    (Cluster::Evaluate, "#5aae61"),
    (Cluster::Nurture, "#9970ab"),
    (Cluster::Educate, "#40004b"),
];

/// Share of the accounts of a cluster that bought; `None` where it has none.
pub(crate) fn rate(rates: &Rates, cluster: Cluster) -> Option<f64> {
    rates.get(&cluster).map(|(bought, all)| *bought as f64 / (*all).max(1) as f64)
}

/// One line a cluster, one place a month, with what happened written over the months named in `notes`.
pub(crate) fn chart(months: &[(AsOf, Rates)], notes: &[(AsOf, &str)]) -> String {
    let of_month = |(_, rates): &(AsOf, Rates)| DRAWN.map(|(cluster, _)| rate(rates, cluster).unwrap_or(0.0));
    let top = months.iter().flat_map(of_month).fold(0.01_f64, f64::max);
    let x = |month: usize| 60.0 + 50.0 * month as f64;
    let y = |rate: f64| 260.0 - 200.0 * rate / top;
    let width = x(months.len()) + 90.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 300\" font-family=\"sans-serif\" font-size=\"11\">\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\
         <text x=\"60\" y=\"18\">Purchases within three months, by cluster and month of the list</text>"
    );
    for share in [0.0, 0.5, 1.0] {
        let (y, percent) = (y(share * top), 100.0 * share * top);
        let _ = write!(
            svg,
            "<line x1=\"60\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/><text x=\"20\" y=\"{:.1}\">{percent:.1} %</text>",
            x(months.len().saturating_sub(1)),
            y + 4.0
        );
    }
    for (month, (as_of, _)) in months.iter().enumerate() {
        let _ = write!(svg, "<text x=\"{}\" y=\"280\">{}</text>", x(month) - 14.0, &as_of.to_string()[2..7]);
        for (_, words) in notes.iter().filter(|(noted, _)| noted == as_of) {
            let at = x(month);
            let _ = write!(
                svg,
                "<line x1=\"{at}\" x2=\"{at}\" y1=\"46\" y2=\"260\" stroke=\"#888\" stroke-dasharray=\"3 3\"/>\
                 <text x=\"{at}\" y=\"40\" text-anchor=\"middle\" fill=\"#555\">{words}</text>"
            );
        }
    }
    for (line, (cluster, colour)) in DRAWN.iter().enumerate() {
        let points: Vec<String> = months
            .iter()
            .enumerate()
            .filter_map(|(month, (_, rates))| {
                Some(format!("{:.1},{:.1}", x(month), y(rate(rates, *cluster)?)))
            })
            .collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{cluster}</text>",
            points.join(" "),
            x(months.len()) - 20.0,
            60 + 16 * line
        );
    }
    svg + "</svg>\n"
}
