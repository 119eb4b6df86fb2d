import Foundation
import KubeObjects
import Logging

/// A JSON object a line on standard error; texts of the cluster are escaped as JSON has it.
struct JSONLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line: [UInt8] = []
    line.append(json: "{\"time\":")
    line.append(jsonString: Date().formatted(.iso8601))
    line.append(json: ",\"level\":")
    line.append(jsonString: event.level.rawValue)
    line.append(json: ",\"message\":")
    line.append(jsonString: "\(event.message)")
    line.append(json: "}\n")
    try? FileHandle.standardError.write(contentsOf: Data(line))
  }
}
