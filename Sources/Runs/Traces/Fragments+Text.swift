import Diagnostics
import Foundation
import TraceParsing
import Workload

extension TraceSplit.Summary {
  /// As JSON.
  package func object(_ shard: Shard, output: String) -> [String: Any] {
    [
      "shard": shard.number, "shards": shard.count, "parts": parts, "all_parts": allParts,
      "bytes": bytes, "output": output,
    ]
  }

  /// For people.
  package func text(_ shard: Shard, output: String) -> String {
    """
    shard    \(shard): \(grouped(parts)) of \(grouped(allParts)) parts, \(grouped(bytes)) bytes
    wrote    \(FileName.printed(output))

    """
  }
}

extension FragmentSet {
  /// What a merge to another file of parts came to, as JSON.
  package func object(output: String) -> [String: Any] {
    let (shards, parts, allParts) = size
    return [
      "shards": shards, "parts": parts, "all_parts": allParts, "output": output,
      "missing": missing ?? NSNull(),
    ]
  }

  /// The same for people.
  package func text(output: String) -> String {
    let (shards, parts, allParts) = size
    return """
      merged   \(grouped(shards)) shards: \(grouped(parts)) of \(grouped(allParts)) parts
      wrote    \(FileName.printed(output))

      """
  }
}
