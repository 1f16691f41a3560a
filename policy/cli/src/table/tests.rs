use super::*;
use crate::output::tests::Captured;

const ADDRESS: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

/// What is written where a line has `width` columns, and what is told beside it.
fn capture(width: Option<usize>, write: impl FnOnce(&mut Output)) -> (String, String) {
    let (out, err) = (Captured::default(), Captured::default());
    let output = Output::new(Box::new(out.clone()), Box::new(err.clone()), false);
    let mut output = output.within(width);
    write(&mut output);
    output.finish().unwrap();
    (out.text(), err.text())
}

#[test]
fn columns_line_up() {
    let rows = [
        ["usr_1".to_owned(), "Zoë".to_owned()],
        ["usr_22".to_owned(), "-".to_owned()],
        ["usr_3".to_owned(), "東京".to_owned()],
    ];
    let (text, told) = capture(Some(80), |out| {
        table(out, [whole("id"), words("name")], &rows);
    });
    assert_eq!(text, "id      name\nusr_1   Zoë\nusr_22  -\nusr_3   東京\n");
    assert_eq!(told, "");
}

#[test]
fn an_empty_list_says_so() {
    let (text, _) = capture(None, |out| table(out, [whole("id")], &[]));
    assert_eq!(text, "none\n");
}

fn columns() -> [Column; 4] {
    [
        whole("id"),
        middle("address"),
        time("created"),
        words("name").spare(),
    ]
}

fn row() -> [String; 4] {
    [
        "usr_30313233343536373839616263646566".to_owned(),
        ADDRESS.to_owned(),
        "2026-11-21T12:34:56.123456Z".to_owned(),
        "the first one".to_owned(),
    ]
}

#[test]
fn without_a_width_nothing_is_shortened() {
    let (text, told) = capture(None, |out| table(out, columns(), &[row()]));
    assert_eq!(text.lines().count(), 2);
    for cell in row() {
        assert!(text.contains(&cell), "{text}");
    }
    assert_eq!(told, "");
}

#[test]
fn addresses_give_first_then_words_then_spare_columns_then_hours() {
    let at = |width| capture(Some(width), |out| table(out, columns(), &[row()]));
    let (text, told) = at(100);
    let line = text.lines().nth(1).unwrap();
    assert!(line.contains("9xQeWvG816b") && line.contains('…'), "{text}");
    assert!(line.ends_with("the first one"), "{text}");
    assert_eq!(
        told,
        "shortened to 100 columns: `--wide` shows everything\n"
    );
    // The words go onto more lines before their column is left out.
    let (text, _) = at(80);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert!(
        lines[1].contains("9xQeWv…usVFin  2026-11-21 12:34  the first"),
        "{text}"
    );
    assert_eq!(lines[2..], ["one"]);
    let (text, told) = at(70);
    assert!(!text.contains("name") && text.contains("12:34"), "{text}");
    assert_eq!(
        told,
        "no room for `name` in 70 columns: `--wide` shows everything\n"
    );
    let (text, _) = at(64);
    assert!(text.contains("2026-11-21\n"), "{text}");
    // Never what the next command is called with.
    let (text, _) = at(20);
    assert!(text.contains(&row()[0]), "{text}");
}

#[test]
fn no_line_is_wider_than_it_may_be() {
    for width in 63..140 {
        let (text, _) = capture(Some(width), |out| table(out, columns(), &[row()]));
        let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
        assert!(widest <= width, "{width}:\n{text}");
    }
}

#[test]
fn of_a_path_the_end_is_kept() {
    let rows = [["spiffe://a.desk.example/operator/alice".to_owned()]];
    let (text, _) = capture(Some(20), |out| table(out, [end("issued to")], &rows));
    assert_eq!(text, "issued to\n…mple/operator/alice\n");
}

#[test]
fn absent_fields_are_left_out() {
    let (text, _) = capture(None, |out| {
        fields(
            out,
            &[
                ("id", Some("usr_1".to_owned())),
                ("display name", None),
                ("tier", Some("gold".to_owned())),
            ],
        );
    });
    assert_eq!(text, "id:           usr_1\ntier:         gold\n");
}

#[test]
fn a_field_is_wrapped_between_words_and_nowhere_else() {
    let told = format!("one two-three {ADDRESS} four");
    let (text, _) = capture(Some(20), |out| fields(out, &[("a", Some(told.clone()))]));
    assert_eq!(text, format!("a: one two-three\n   {ADDRESS}\n   four\n"));
    let (text, _) = capture(None, |out| fields(out, &[("a", Some(told.clone()))]));
    assert_eq!(text, format!("a: {told}\n"));
}
