extension ExperimentDefinition {
  /// A name for each of several sources, no two alike: as many of a path's last parts as tell it from the
  /// others, with hyphens for what separates names.
  ///
  /// - Parameter sources: paths or names, each there once.
  public static func distinctNames(of sources: [String]) -> [String] {
    let parts = sources.map { $0.split { $0 == "/" || $0 == "#" } }
    func name(_ index: Int, _ count: Int) -> String {
      parts[index].isEmpty ? sources[index] : parts[index].suffix(count).joined(separator: "-")
    }
    var names: [String] = []
    for index in sources.indices {
      let most = max(1, parts.map(\.count).max() ?? 1)
      let isAlone = { (count: Int) in
        sources.indices.allSatisfy { $0 == index || name($0, count) != name(index, count) }
      }
      var chosen = name(index, (1...most).first(where: isAlone) ?? most)
      while names.contains(chosen) { chosen += "-" + String(index + 1) }
      names.append(chosen)
    }
    return names
  }
}
