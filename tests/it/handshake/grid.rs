//! Decision tables as text that people can compare: theirs down, ours across.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

/// Where a line ends and the columns that are left go into the next block.
const WIDTH: usize = 140;
const SAME: &str = ".";

/// What is decided where, by the places of theirs and ours among the cells that can be seen.
pub(crate) type Grid = BTreeMap<(usize, usize), String>;

/// The whole grid; or, where there is a `plain` one, the rows and columns in which it differs from that.
pub(crate) fn text<C: Debug>(cells: &[C], grid: &Grid, plain: Option<&Grid>) -> String {
    let shown = |at: (usize, usize)| match (grid.get(&at), plain.and_then(|plain| plain.get(&at))) {
        (Some(decided), plain) if plain != Some(decided) => decided.as_str(),
        _ => SAME,
    };
    let mut columns: Vec<Column<'_>> = Vec::new();
    for ours in 0..cells.len() {
        let column: Vec<&str> = (0..cells.len()).map(|theirs| shown((theirs, ours))).collect();
        if column.iter().any(|cell| *cell != SAME) {
            columns.push((format!("{:?}", cells[ours]), column));
        }
    }
    let mut text = String::new();
    let mut left = columns.as_slice();
    while !left.is_empty() {
        let block = &left[..fitting(left)];
        left = &left[block.len()..];
        line(&mut text, "theirs \\ ours", block, |column| &column.0);
        for (row, name) in cells.iter().enumerate() {
            if block.iter().any(|column| column.1[row] != SAME) {
                line(&mut text, &format!("{name:?}"), block, |column| column.1[row]);
            }
        }
    }
    text
}

/// The grids that differ from the plain one, in what they do, those that are alike together.
pub(crate) fn differences<C: Debug>(cells: &[C], plain: &Grid, grids: &BTreeMap<String, Grid>) -> String {
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, grid) in grids {
        alike.entry(text(cells, grid, Some(plain))).or_default().push(name);
    }
    alike.remove("");
    let section =
        |(difference, names): (String, Vec<&str>)| format!("\n## {}\n{difference}", names.join("\n## "));
    alike.into_iter().map(section).collect()
}

type Column<'a> = (String, Vec<&'a str>);

fn width(column: &Column<'_>) -> usize {
    column.1.iter().map(|cell| cell.len()).chain([column.0.len()]).max().unwrap_or_default() + 2
}

/// How many columns go into a line, at the least one.
fn fitting(columns: &[Column<'_>]) -> usize {
    let mut used = 16;
    let fit = columns.iter().take_while(|column| {
        used += width(column);
        used <= WIDTH
    });
    fit.count().max(1)
}

fn line<'a>(
    text: &mut String,
    name: &str,
    block: &'a [Column<'a>],
    cell: impl Fn(&'a Column<'a>) -> &'a str,
) {
    let mut line = format!("{name:<16}");
    for column in block {
        write!(line, "{:<1$}", cell(column), width(column)).unwrap();
    }
    writeln!(text, "{}", line.trim_end()).unwrap();
}

/// Holds a table to the file in `tests/data` in which it is written down, or writes it down anew.
#[track_caller]
pub(crate) fn is_written_down(file: &str, text: &str) {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    assert!(text.lines().all(|line| line.len() <= 200), "nobody can compare lines as long as in {file}");
    if std::env::var_os("PEERPACT_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == text,
        "decisions changed: run with PEERPACT_WRITE_GOLDEN=1 and read the difference"
    );
}
