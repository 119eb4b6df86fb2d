import Configuration

/// `; did you mean 'x'?`; nil if nothing is near.
package func suggestionText(_ name: String, among names: [String]) -> String? {
  nearestName(to: name, among: names).map { "; did you mean '\($0)'?" }
}

/// `no scheduler 'best-fti'; did you mean 'best-fit'?`, or all the names there are.
package func unknownName(_ kind: String, _ name: String, among names: [String]) -> String {
  "no \(kind) '\(name)'"
    + (suggestionText(name, among: names) ?? "; there are \(names.joined(separator: ", "))")
}
