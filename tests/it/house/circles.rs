//! Circles in a graph: sets of nodes each of which leads to every other one.

use std::collections::{BTreeMap, BTreeSet};

/// What each node leads to.
type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Every circle, each once.
pub(super) fn circles(graph: &Graph<'_>) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|node| (*node, reached(graph, node))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|nodes| nodes.contains(to));
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for node in graph.keys().filter(|node| leads(node, node)) {
        let others = graph.keys().filter(|other| leads(node, other) && leads(other, node));
        found.insert(others.map(|other| (*other).to_owned()).collect());
    }
    found.into_iter().collect()
}

/// The nodes to which a way leads.
fn reached<'a>(graph: &Graph<'a>, from: &str) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(node) = open.pop() {
        for next in graph.get(node).into_iter().flatten().filter(|next| **next != node) {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    seen
}

#[test]
fn a_circle_is_found_whole_and_a_tree_has_none() {
    let graph = |edges: &[(&'static str, &'static str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry(*from).or_default().insert(*to);
        }
        circles(&graph)
    };
    assert!(graph(&[("a", "b"), ("a", "c"), ("b", "c")]).is_empty());
    assert_eq!(graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]), [["a", "b", "c"]]);
}
