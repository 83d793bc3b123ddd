//! What a person sees while a study runs: how long it may still take, and a picture that leaves nothing behind.

use pipeline::events::{Event, Expectation};
use pipeline::progress::{Forecast, Live};

/// Of stages with so many threads; 0: as many as are free.
fn expected(threads: usize, stages: &[(&str, Option<f64>, usize)]) -> Event {
    let stages = stages.iter().map(|&(stage, seconds, threads)| {
        let threads = (threads > 0).then_some(threads);
        Expectation { stage: stage.to_owned(), seconds, threads }
    });
    Event::Expected { threads, stages: stages.collect() }
}

fn started(stage: &str) -> Event {
    Event::Started { stage: stage.to_owned(), command: Vec::new() }
}

fn finished(stage: &str, seconds: f64) -> Event {
    Event::Finished { stage: stage.to_owned(), seconds, cpu: 3.0 * seconds }
}

#[test]
fn the_time_left_is_what_the_rest_takes_at_this_runs_pace() {
    let mut forecast = Forecast::default();
    assert_eq!(forecast.words(0.0), None);
    forecast.hear(&Event::Fresh { stage: "data".to_owned() }, 0.0);
    let stages = [("a@1", Some(10.0), 2), ("a@2", Some(10.0), 1), ("a@3", Some(30.0), 1), ("b", None, 2)];
    forecast.hear(&expected(2, &stages), 0.0);
    assert_eq!(forecast.counts(), (1, 5));
    // a@1 keeps both threads busy for 10 s, a@2 and a@3 one thread for 40 s together, b both for the mean of the others.
    let typical = (10.0 + 10.0 + 30.0) / 3.0;
    assert!((forecast.left(0.0).unwrap() - (10.0 + 20.0 + typical)).abs() < 1e-9);
    forecast.hear(&started("a@1"), 0.0);
    assert!((forecast.left(4.0).unwrap() - (6.0 + 20.0 + typical)).abs() < 1e-9);
    // Twice as slow as expected: so will be the others, less the doubt that a fifth of the 60 s stands for.
    forecast.hear(&finished("a@1", 20.0), 20.0);
    let slower = (20.0 * 2.0 + 12.0) / (10.0 * 2.0 + 12.0);
    assert!((forecast.left(20.0).unwrap() - slower * (20.0 + 20.0)).abs() < 1e-9);
    assert_eq!(forecast.words(20.0).unwrap(), "2 of 5 stages, about 2 min left");
    for stage in ["a@2", "a@3", "b"] {
        forecast.hear(&finished(stage, 1.0), 30.0);
    }
    assert_eq!(forecast.words(30.0).unwrap(), "5 of 5 stages");
}

#[test]
fn stages_that_take_what_is_free_count_by_the_threads_that_they_had() {
    let mut forecast = Forecast::default();
    forecast.hear(&expected(4, &[("a@1", Some(30.0), 0), ("a@2", Some(30.0), 0), ("b", Some(10.0), 2)]), 0.0);
    assert!((forecast.left(0.0).unwrap() - (30.0 + 30.0 + 20.0) / 4.0).abs() < 1e-9);
    for stage in ["a@1", "b"] {
        forecast.hear(&started(stage), 0.0);
    }
    // b has two threads, a@1 the other two.
    assert!((forecast.left(5.0).unwrap() - (20.0 + 30.0 + 10.0) / 4.0).abs() < 1e-9);
    forecast.hear(&started("a@2"), 5.0);
    forecast.hear(&finished("b", 10.0), 10.0);
    // 30 s of processor time in 10, as was expected.
    forecast.hear(&finished("a@1", 10.0), 10.0);
    assert!((forecast.left(10.0).unwrap() - (30.0 - 5.0 * 4.0) / 4.0).abs() < 1e-9);
}

#[test]
fn stages_that_were_never_run_are_taken_for_their_like() {
    let mut forecast = Forecast::default();
    forecast.hear(&expected(1, &[("a@1", None, 1), ("a@2", None, 1), ("b", None, 1)]), 0.0);
    assert_eq!(forecast.left(0.0), None);
    assert_eq!(forecast.words(0.0).unwrap(), "0 of 3 stages");
    forecast.hear(&started("a@1"), 0.0);
    forecast.hear(&finished("a@1", 7.0), 7.0);
    assert!((forecast.left(7.0).unwrap() - 14.0).abs() < 1e-9);
}

/// The lines that a terminal shows after these bytes: it knows newlines, "up so many lines" and "clear what is below".
fn screen(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (mut lines, mut row) = (vec![String::new()], 0_usize);
    let mut rest = text.as_str();
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '\n' => {
                row += 1;
                lines.resize(lines.len().max(row + 1), String::new());
            }
            '\r' => {}
            '\x1b' => {
                let end = rest.find(|letter: char| letter.is_ascii_alphabetic()).unwrap();
                match (&rest[1..end], &rest[end..=end]) {
                    (count, "A") => row -= count.parse::<usize>().unwrap(),
                    (_, "J") => {
                        lines.truncate(row + 1);
                        lines[row].clear();
                    }
                    (_, other) => assert_eq!(other, "m"),
                }
                rest = &rest[end + 1..];
            }
            letter => lines[row].push(letter),
        }
    }
    lines
}

#[test]
fn the_picture_shows_what_runs_and_is_gone_at_the_end() {
    for colour in [false, true] {
        let mut bytes = Vec::new();
        let mut live = Live::new(&mut bytes, colour, || 60);
        live.show(&expected(2, &[("train@1", Some(40.0), 1), ("train@2", Some(40.0), 1)]));
        live.show(&started("train@1"));
        live.show(&started("train@2"));
        let output = |line: &str| Event::Output { stage: "train@1".to_owned(), line: line.to_owned() };
        live.show(&output(&format!("epoch 3 of 100 \x1b[2J{}", "x".repeat(100))));
        std::thread::sleep(std::time::Duration::from_millis(120));
        live.show(&Event::Passed);
        drop(live);
        let shown = screen(&bytes);
        assert_eq!(shown.len(), 4, "{shown:?}");
        assert!(shown[0].contains("train@1  epoch 3 of 100") && shown[0].ends_with('…'), "{shown:?}");
        assert!(shown[1].contains("train@2") && shown[2].contains("0 of 2 stages, about 40 s left"), "{shown:?}");
        assert!(shown.iter().all(|line| line.chars().count() <= 60), "{shown:?}");

        let mut bytes = Vec::new();
        let mut live = Live::new(&mut bytes, colour, || 60);
        live.show(&expected(2, &[("train@1", Some(40.0), 1), ("train@2", Some(40.0), 1)]));
        live.show(&started("train@1"));
        live.show(&Event::Failed { stage: "train@1".to_owned(), why: "exited with status 3".to_owned() });
        live.show(&finished("train@2", 2.0));
        live.end();
        drop(live);
        let shown: Vec<String> = screen(&bytes).into_iter().filter(|line| !line.is_empty()).collect();
        assert_eq!(shown, ["      Failed train@1: exited with status 3"]);
    }
}
