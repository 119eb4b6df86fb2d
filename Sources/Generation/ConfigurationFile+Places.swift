import Configuration
import Workload

extension ConfigurationFile {
  /// Issues that were found in the value of this file, with the lines and columns of their paths; those that have a
  /// place, or a path that leads nowhere in the file, stay as they are.
  ///
  /// Where only the beginning of a path is there, the place is that of its last value that is. O(file) if any issue
  /// has no place.
  public func placed(_ issues: [DescriptionIssue]) -> [DescriptionIssue] {
    guard issues.contains(where: { $0.line == 0 && !$0.path.isEmpty }) else { return issues }
    var found: [DescriptionIssue] = []
    do throws(ConfigurationError) {
      _ = try read { root -> Bool? in
        for issue in issues where issue.line == 0 && !issue.path.isEmpty {
          root.problem(at: issue.path, issue.message)
        }
        return nil
      }
    } catch {
      found = error.issues
    }
    return issues.map { issue in
      found.first { issue.line == 0 && $0.path == issue.path && $0.message == issue.message }
        ?? issue
    }
  }
}
