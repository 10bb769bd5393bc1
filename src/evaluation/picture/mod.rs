//! The pictures of an evaluation.

mod gains;
mod histogram;
mod reliability;
mod shapes;

pub(super) use reliability::sheet as reliability_sheet;

use super::Section;

/// The pictures of a section: file name and what it shows, in the order in which they are read.
pub(super) fn names(section: &Section) -> Vec<(String, &'static str)> {
    let slug = slug(&section.name);
    let mut names = vec![
        (format!("{slug}-reliability.svg"), "Reliability"),
        (format!("{slug}-gains.svg"), "Gains"),
        (format!("{slug}-scores.svg"), "Scores"),
    ];
    if !section.shapes.is_empty() {
        names.push((format!("{slug}-shapes.svg"), "Shapes"));
    }
    names
}

/// The pictures of a section with their file names; none when nothing was measured.
pub(super) fn of_section(section: &Section) -> Vec<(String, String)> {
    let Some(quality) = &section.quality else { return Vec::new() };
    let drawn = [
        reliability::diagram(&section.name, quality),
        gains::curve(&section.name, quality),
        histogram::bars(&section.name, &section.histogram),
        shapes::panels(&section.name, &section.shapes),
    ];
    names(section).into_iter().map(|(name, _)| name).zip(drawn).collect()
}

/// A name for files: letters and digits in lower case, with single hyphens between.
fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_hold_no_surprise() {
        assert_eq!(slug("Opportunity Result=Won"), "opportunity-result-won");
        assert_eq!(slug("../m365 intent"), "m365-intent");
    }
}
