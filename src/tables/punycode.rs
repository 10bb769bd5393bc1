//! Punycode: a label of a domain with letters beyond ASCII, as the domain name system writes it.

/// Parameters of the encoding, in the words of its source.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// Appends the Punycode of `label`, without the prefix `xn--`; `None` where its numbers would not fit 32 bits.
///
/// The ASCII characters come first, then the places and the code points of all others, in the order of their code
/// points, as differences in digits of a variable base. Costs the square of the length of the label.
///
/// Source: A. Costello, Punycode, RFC 3492 (2003), section 6.3, <https://www.rfc-editor.org/rfc/rfc3492>.
pub(super) fn encode(label: &str, out: &mut String) -> Option<()> {
    let length = u32::try_from(label.chars().count()).ok()?;
    let before = out.len();
    out.extend(label.chars().filter(char::is_ascii));
    let n_ascii = u32::try_from(out.len() - before).ok()?;
    if n_ascii > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (INITIAL_N, 0_u32, INITIAL_BIAS, n_ascii);
    while handled < length {
        let next = label.chars().map(u32::from).filter(|&point| point >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for point in label.chars().map(u32::from) {
            if point < n {
                delta = delta.checked_add(1)?;
            } else if point == n {
                push_number(delta, bias, out);
                bias = adapt(delta, handled + 1, handled == n_ascii);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n = n.checked_add(1)?;
    }
    Some(())
}

/// Appends a number, least digit first; the last digit is below its threshold.
fn push_number(mut number: u32, bias: u32, out: &mut String) {
    for k in (BASE..).step_by(BASE as usize) {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if number < threshold {
            break;
        }
        out.push(digit(threshold + (number - threshold) % (BASE - threshold)));
        number = (number - threshold) / (BASE - threshold);
    }
    out.push(digit(number));
}

/// The thresholds for the next number, by how large this one was.
const fn adapt(delta: u32, n_points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / n_points;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

/// `a` to `z` for 0 to 25, `0` to `9` for 26 to 35.
fn digit(value: u32) -> char {
    char::from_digit((value + 10) % BASE, BASE).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(label: &str) -> Option<String> {
        let mut out = String::new();
        encode(label, &mut out).map(|()| out)
    }

    #[test]
    fn labels_are_encoded_as_the_source_and_registries_do() {
        for (label, expected) in [
            // Registered names and top-level domains.
            ("bücher", "bcher-kva"),
            ("münchen", "mnchen-3ya"),
            ("食狮", "85x722f"),
            ("中国", "fiqs8s"),
            ("公司", "55qx5d"),
            ("рф", "p1ai"),
            ("ελ", "qxam"),
            ("भारत", "h2brj9c"),
            // Section 7.1 of the source: Chinese, Czech, Vietnamese, and Japanese with ASCII in between.
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
            ("pročprostěnemluvíčesky", "proprostnemluvesky-uyb24dma41a"),
            ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
            ("安室奈美恵-with-super-monkeys", "-with-super-monkeys-pc58ag80a8qai00g7n9n"),
            ("ascii", "ascii-"),
            ("", ""),
        ] {
            assert_eq!(encoded(label).as_deref(), Some(expected), "{label}");
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let label = "a".repeat(4000) + "\u{10ffff}";
        assert_eq!(encoded(&label), None);
    }
}
