//! Any texts for dvc.yaml and its parameter files are stages and a graph, or a complaint. The input is written like the cases
//! in `stages/tests/golden/dialect/cases`, which are its seeds.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use pipeline::graph::Graph;
use pipeline::manifest::{Files, Overlay, Parameters, load_given};
use pipeline::path::RepoPath;

fuzz_target!(|text: &str| {
    for case in text.split("\n=== ") {
        let mut texts = BTreeMap::new();
        for file in case.split("\n-- ").skip(1) {
            let (path, content) = file.split_once('\n').unwrap_or((file, ""));
            if let Ok(path) = RepoPath::root().join(path) {
                texts.insert(path, content.to_owned());
            }
        }
        let Ok(parameters) = Parameters::of(Files::Given(texts), &Overlay::default()) else { continue };
        let Ok(stages) = load_given(&parameters) else { continue };
        let Ok(graph) = Graph::new(stages) else { continue };
        for stage in &graph.stages {
            let _ = parameters.values(&stage.parameters, std::path::Path::new(stage.file.as_str()));
            assert!(stage.command.lines().next().is_some());
        }
    }
});
