//! Requests from a file, one on each line.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use serde::de::IgnoredAny;

use super::arguments::fresh_id;
use crate::handshake::request_id::RequestId;
use crate::kinds::Kinds;
use crate::request::{BYTES_MAX, Request};

/// So many requests are taken from one file; each is kept until it is told how it went.
pub(super) const LINES_MAX: usize = 100_000;

/// A line that is no request, or not the one that is wanted here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) problem: String,
}

/// Reads every line: all the requests, or else everything that is bad. Empty lines are passed over; of a request that
/// stands there twice one is left.
pub(super) fn read(
    mut source: impl BufRead,
    only: Option<&str>,
) -> std::io::Result<Result<Vec<Request>, Vec<BadLine>>> {
    let (mut requests, mut bad) = (Vec::new(), Vec::new());
    let mut seen: HashMap<RequestId, (usize, String)> = HashMap::new();
    for number in 1.. {
        let Some(line) = next_line(&mut source)? else { break };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let taken = request(&line, only).and_then(|request| match seen.get(&request.id) {
            None => Ok(Some(request)),
            Some((_, digest)) if *digest == request.digest() => Ok(None),
            Some((first, _)) => {
                Err(format!("the id {} is that of another request, in line {first}", request.id))
            }
        });
        match taken {
            Ok(Some(_)) if requests.len() == LINES_MAX => {
                let problem = format!("a file has at most {LINES_MAX} requests");
                bad.push(BadLine { number, problem });
                break;
            }
            Ok(Some(request)) => {
                seen.insert(request.id.clone(), (number, request.digest()));
                requests.push(request);
            }
            Ok(None) => {}
            Err(problem) => bad.push(BadLine { number, problem }),
        }
    }
    Ok(if bad.is_empty() { Ok(requests) } else { Err(bad) })
}

/// A line without its end. Of one that is too long for a request only the beginning is kept, which is refused as such.
fn next_line(source: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = source.take(BYTES_MAX as u64 + 2).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read > BYTES_MAX {
        skip_line(source)?;
    }
    Ok(Some(line))
}

fn skip_line(source: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = source.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(buffer.len(), |end| end + 1);
        let at_end = end.is_some() || buffer.is_empty();
        source.consume(read);
        if at_end {
            return Ok(());
        }
    }
}

fn request(line: &[u8], only: Option<&str>) -> Result<Request, String> {
    let request = Request::parse(&Kinds::built_in(), &completed(line)).map_err(|bad| match &bad.fix {
        Some(fix) => format!("{bad}; {fix}"),
        None => bad.to_string(),
    })?;
    match only {
        Some(only) if request.action.name() != only => {
            Err(format!("the action is {}, and only {only} is taken here", request.action.name()))
        }
        _ => Ok(request),
    }
}

/// The line with the version and an id where it has none. They are put in as text, so that whatever is wrong with the
/// rest stays as wrong as it is.
fn completed(line: &[u8]) -> Vec<u8> {
    let Ok(fields) = serde_json::from_slice::<HashMap<String, IgnoredAny>>(line) else {
        return line.to_vec();
    };
    let mut missing = Vec::new();
    if !fields.contains_key("version") {
        missing.push("\"version\":1".to_owned());
    }
    if !fields.contains_key("id") {
        missing.push(format!("\"id\":\"{}\"", fresh_id()));
    }
    let Some(open) = line.iter().position(|byte| *byte == b'{') else { return line.to_vec() };
    let (before, after) = line.split_at(open + 1);
    let mut text = missing.join(",");
    if !missing.is_empty() && !fields.is_empty() {
        text.push(',');
    }
    [before, text.as_bytes(), after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/a";
    const B: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/b";

    fn peering(rest: &str) -> String {
        format!(r#"{{"action":"connect-peering","ours":"{A}","theirs":"{B}"{rest}}}"#)
    }

    fn lines(text: &str) -> Result<Vec<Request>, Vec<BadLine>> {
        read(text.as_bytes(), None).unwrap()
    }

    #[track_caller]
    fn problem(text: &str) -> String {
        let [BadLine { number: 1, problem }] = &lines(text).unwrap_err()[..] else { panic!() };
        problem.clone()
    }

    #[test]
    fn what_may_be_left_out_is_put_in_and_every_id_is_another() {
        let text =
            format!("{}\n\n  \r\n{}\r\n{}", peering(""), peering(""), peering(r#","id":"mine","version":1"#));
        let requests = lines(&text).unwrap();
        assert_eq!(requests.len(), 3);
        assert_ne!(requests[0].id, requests[1].id);
        assert_eq!(requests[2].id.as_str(), "mine");
        assert_eq!(requests[0].handshake(), requests[2].handshake());
    }

    #[test]
    fn what_is_put_in_mends_nothing_else() {
        assert!(problem("{}").starts_with("the field `action` is missing"));
        assert!(problem(&peering(r#","version":2"#)).starts_with("the field `version` is 2"));
        assert!(problem(&peering(r#","ours":"x""#)).starts_with("the field `ours` stands twice"));
        assert!(problem(&peering(r#","id":7"#)).starts_with("the field `id` is a number"));
        assert_eq!(problem("[1]"), "the body is an array where an object belongs");
        assert!(problem("{\"action\"").starts_with("the body is not JSON"));
        assert!(problem("\u{feff}{}").starts_with("the body is not JSON"));
    }

    #[test]
    fn every_bad_line_is_told_with_its_number_and_the_good_ones_with_them_are_not_taken() {
        let text = format!("{}\nnonsense\n\n{}\n{{}}\n", peering(""), peering(""));
        let numbers: Vec<usize> = lines(&text).unwrap_err().iter().map(|bad| bad.number).collect();
        assert_eq!(numbers, [2, 5]);
    }

    #[test]
    fn the_same_request_twice_is_one_and_another_under_its_id_is_bad() {
        let one = peering(r#","id":"r-1""#);
        assert_eq!(lines(&format!("{one}\n {one}\n")).unwrap().len(), 1);
        let other = peering(r#","id":"r-1","flags":{"forwardedTraffic":true}"#);
        let bad = lines(&format!("{one}\n{other}\n")).unwrap_err();
        assert_eq!(
            bad,
            [BadLine { number: 2, problem: "the id r-1 is that of another request, in line 1".into() }]
        );
    }

    #[test]
    fn only_the_action_that_is_wanted_is_taken() {
        let recheck = format!(r#"{{"action":"recheck","ours":"{A}","theirs":"{B}"}}"#);
        let bad = read(format!("{}\n{recheck}", peering("")).as_bytes(), Some("connect-peering")).unwrap();
        let problem = "the action is recheck, and only connect-peering is taken here".into();
        assert_eq!(bad.unwrap_err(), [BadLine { number: 2, problem }]);
    }

    #[test]
    fn a_line_of_any_length_costs_no_more_than_a_request_and_the_next_one_is_read() {
        let endless = "x".repeat(1_000_000);
        let bad = lines(&format!("{endless}\n{}\n{endless}", peering(""))).unwrap_err();
        assert_eq!(bad.iter().map(|bad| bad.number).collect::<Vec<_>>(), [1, 3]);
        assert!(bad[0].problem.starts_with("the body is 65538 bytes long"), "{}", bad[0].problem);
        let padded = |to: usize| peering("") + &" ".repeat(to - peering("").len());
        // What is put in counts too.
        assert!(lines(&(padded(60_000) + "\n" + &peering(""))).unwrap().len() == 2);
    }
}
