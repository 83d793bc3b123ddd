//! `dag`: the graph of stages.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use serde_json::json;

use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::graph::Graph;

/// Show the graph of stages
///
/// Instances of one `foreach` or `matrix` are drawn as one stage, with their number, unless asked for in full.
#[derive(Debug, clap::Args)]
pub(super) struct Dag {
    #[command(flatten)]
    overlay: OverlayArgs,
    /// Every instance of every stage
    #[arg(long)]
    full: bool,
    /// {nodes: [name], edges: [[upstream, downstream]]}, in full
    #[arg(long, group = "format")]
    json: bool,
    /// A Mermaid flowchart
    #[arg(long, group = "format")]
    mermaid: bool,
    /// Graphviz
    #[arg(long, group = "format")]
    dot: bool,
}

pub(super) fn run(context: &Context, arguments: &Dag) -> Result<ExitCode, Error> {
    let (_, graph) = context.load(&arguments.overlay)?;
    if arguments.json {
        let name = |stage: usize| graph.stages[stage].name.as_str();
        let nodes: Vec<_> = graph.stages.iter().map(|stage| &stage.name).collect();
        let edges: Vec<_> = (0..graph.stages.len())
            .flat_map(|below| graph.upstream[below].iter().map(move |&above| [above, below]))
            .map(|edge| edge.map(name))
            .collect();
        print_json(&json!({ "nodes": nodes, "edges": edges }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let drawing = Drawing::new(&graph, arguments.full);
    print(&match (arguments.mermaid, arguments.dot) {
        (true, _) => drawing.mermaid(),
        (_, true) => drawing.dot(),
        _ => drawing.text(),
    });
    Ok(ExitCode::SUCCESS)
}

/// Nodes in the order in which they can run, each with a label and its upstream nodes.
struct Drawing {
    nodes: Vec<(String, BTreeSet<usize>)>,
}

impl Drawing {
    fn new(graph: &Graph, full: bool) -> Self {
        let group = |stage: usize| {
            let name = &graph.stages[stage].name;
            if full { name.clone() } else { name.split('@').next().unwrap_or(name).to_owned() }
        };
        let mut positions: BTreeMap<String, usize> = BTreeMap::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut nodes: Vec<(String, BTreeSet<usize>)> = Vec::new();
        for &stage in &graph.order {
            let name = group(stage);
            let position = *positions.entry(name.clone()).or_insert_with(|| {
                nodes.push((name, BTreeSet::new()));
                counts.push(0);
                nodes.len() - 1
            });
            counts[position] += 1;
            let above: Vec<usize> =
                graph.upstream[stage].iter().filter_map(|&above| positions.get(&group(above)).copied()).collect();
            nodes[position].1.extend(above.into_iter().filter(|&above| above != position));
        }
        for ((label, _), count) in nodes.iter_mut().zip(counts) {
            if count > 1 {
                label.push_str(&format!(" ×{count}"));
            }
        }
        Self { nodes }
    }

    /// A tree from each last stage up to its sources; what was drawn before is only named.
    fn text(&self) -> String {
        let read: BTreeSet<usize> = self.nodes.iter().flat_map(|(_, upstream)| upstream.iter().copied()).collect();
        let mut text = String::new();
        let mut drawn = BTreeSet::new();
        for last in (0..self.nodes.len()).filter(|node| !read.contains(node)) {
            text.push_str(&format!("{}\n", self.nodes[last].0));
            self.branch(last, "", &mut drawn, &mut text);
        }
        text
    }

    fn branch(&self, node: usize, indent: &str, drawn: &mut BTreeSet<usize>, text: &mut String) {
        let upstream = &self.nodes[node].1;
        for (position, &above) in upstream.iter().enumerate() {
            let last = position + 1 == upstream.len();
            let (fork, more) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let again = !drawn.insert(above) && !self.nodes[above].1.is_empty();
            let mark = if again { " (above)" } else { "" };
            text.push_str(&format!("{indent}{fork}{}{mark}\n", self.nodes[above].0));
            if !again {
                self.branch(above, &format!("{indent}{more}"), drawn, text);
            }
        }
    }

    fn mermaid(&self) -> String {
        let mut text = "flowchart TD\n".to_owned();
        for (node, (label, _)) in self.nodes.iter().enumerate() {
            text.push_str(&format!("    n{node}[\"{}\"]\n", label.replace('"', "#quot;")));
        }
        for (above, below) in self.edges() {
            text.push_str(&format!("    n{above} --> n{below}\n"));
        }
        text
    }

    fn dot(&self) -> String {
        let quoted = |node: usize| format!("\"{}\"", self.nodes[node].0.replace('\\', "\\\\").replace('"', "\\\""));
        let mut text = "digraph {\n".to_owned();
        for node in 0..self.nodes.len() {
            text.push_str(&format!("    {};\n", quoted(node)));
        }
        for (above, below) in self.edges() {
            text.push_str(&format!("    {} -> {};\n", quoted(above), quoted(below)));
        }
        text + "}\n"
    }

    fn edges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.nodes
            .iter()
            .enumerate()
            .flat_map(|(below, (_, upstream))| upstream.iter().map(move |&above| (above, below)))
    }
}
