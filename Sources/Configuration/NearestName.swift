/// The name that a misspelt one was probably meant to be: the one with the fewest insertions,
/// deletions, replacements and swaps of neighbours (optimal string alignment), if they are at most a
/// third of its length and at least one; nil if none is that near. Case does not count. The first of
/// several wins.
///
/// ```swift
/// nearestName(to: "best-fti", among: ["first-fit", "best-fit"])   // "best-fit"
/// ```
/// O(candidates × length²); names over 64 characters match nothing.
public func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
  guard name.count <= 64 else { return nil }
  var best: (name: String, edits: Int)?
  for candidate in candidates where candidate.count <= 64 {
    let edits = editDistance(Array(name.lowercased()), Array(candidate.lowercased()))
    if edits <= max(1, candidate.count / 3), edits < candidate.count, edits < best?.edits ?? .max {
      best = (candidate, edits)
    }
  }
  return best?.name
}

/// `; did you mean 'x'?`, or nothing: to be put behind a message about an unknown name.
public func suggestion(for name: String, among candidates: some Sequence<String>) -> String {
  nearestName(to: name, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
}

private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var (before, last, row) = ([Int](), Array(0...b.count), Array(0...b.count))
  for i in a.indices {
    (before, last) = (last, row)
    row[0] = i + 1
    for j in b.indices {
      var edits = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, before[j - 1] + 1) }
      row[j + 1] = edits
    }
  }
  return row[b.count]
}
