//! Evaluations in words and tables.

use std::fmt::Write as _;

use super::{Evaluation, Measure, Quality, Section, picture};

/// The whole evaluation; `plots` is the folder of the pictures, as seen from the text.
pub(super) fn of_evaluation(evaluation: &Evaluation, plots: &str) -> String {
    let mut text = format!("# Evaluation of model {}\n\n", evaluation.model);
    let date = evaluation.as_of.map_or(String::new(), |date| format!(", as of {date}"));
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "Kind `{}`{date}. Intervals hold 95 % of {} bootstrap draws of whole groups, seed {}.",
        evaluation.kind, evaluation.draws, evaluation.seed
    );
    for section in &evaluation.sections {
        of_section(&mut text, section, plots);
    }
    text
}

/// One line a section: cases, outcomes, and the measures that say most.
pub(super) fn summary(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let width = evaluation.sections.iter().map(|section| section.name.chars().count()).max().unwrap_or(0);
    for section in &evaluation.sections {
        let _ = write!(
            text,
            "{:width$}  {:>8} cases, {:>7} outcomes",
            section.name, section.rows, section.positives
        );
        let _ = match &section.quality {
            Some(quality) => writeln!(
                text,
                "  AUC {:.3} ({:.3} to {:.3})  best tenth finds {:.0} %  calibration error {:.4}",
                quality.auc.value,
                quality.auc.low,
                quality.auc.high,
                100.0 * quality.deciles.first().map_or(0.0, |decile| decile.gain.value),
                quality.calibration_error.value
            ),
            None => writeln!(text, "  too few to measure"),
        };
    }
    text
}

fn of_section(text: &mut String, section: &Section, plots: &str) {
    let _ = writeln!(text, "\n## {}\n\n{}\n", section.name, section.question);
    let _ = writeln!(text, "{} cases, {} with the outcome.", section.rows, section.positives);
    let Some(quality) = &section.quality else {
        let _ =
            writeln!(text, "\nToo few cases of one outcome to measure: at least ten of either are needed.");
        return;
    };
    text.push('\n');
    measures(text, quality);
    text.push('\n');
    deciles(text, quality);
    slices(text, section);
    text.push('\n');
    for (name, what) in picture::names(section) {
        let _ = writeln!(text, "![{what} of {}]({plots}/{name})", section.name);
    }
}

/// The single measures, beside what the base rate alone would reach.
pub(super) fn measures(text: &mut String, quality: &Quality) {
    text.push_str("| measure | value | 95 % interval | base rate alone |\n|---|---:|---:|---:|\n");
    for (name, Measure { value, low, high }, base) in quality.named() {
        let base = base.map_or_else(|| "-".to_owned(), |base| format!("{base:.4}"));
        let _ = writeln!(text, "| {name} | {value:.4} | {low:.4} to {high:.4} | {base} |");
    }
}

fn deciles(text: &mut String, quality: &Quality) {
    text.push_str("| best | cases | outcomes | gain | 95 % interval | lift | 95 % interval |\n");
    text.push_str("|---:|---:|---:|---:|---:|---:|---:|\n");
    for decile in &quality.deciles {
        let (gain, lift) = (decile.gain, decile.lift);
        let _ = writeln!(
            text,
            "| {:.0} % | {:.0} | {:.1} | {:.1} % | {:.1} to {:.1} % | {:.2} | {:.2} to {:.2} |",
            100.0 * decile.depth,
            decile.rows,
            decile.positives,
            100.0 * gain.value,
            100.0 * gain.low,
            100.0 * gain.high,
            lift.value,
            lift.low,
            lift.high
        );
    }
}

fn slices(text: &mut String, section: &Section) {
    if section.slices.is_empty() {
        return;
    }
    text.push_str(
        "\n| by | part | cases | outcomes | rate | AUC | 95 % interval | log loss | calibration error |\n",
    );
    text.push_str("|---|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for slice in &section.slices {
        let rate = 100.0 * slice.positives as f64 / slice.rows.max(1) as f64;
        let _ = write!(
            text,
            "| {} | {} | {} | {} | {rate:.1} % |",
            slice.by, slice.value, slice.rows, slice.positives
        );
        let _ = match &slice.quality {
            Some(quality) => writeln!(
                text,
                " {:.3} | {:.3} to {:.3} | {:.4} | {:.4} |",
                quality.auc.value,
                quality.auc.low,
                quality.auc.high,
                quality.log_loss.value,
                quality.calibration_error.value
            ),
            None => writeln!(text, " - | - | - | - |"),
        };
    }
}
