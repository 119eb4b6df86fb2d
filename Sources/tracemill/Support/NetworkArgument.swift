import ArgumentParser
import Runs
import Simulation
import Workload

/// `--network`: a time, or `dispatch=1ms,rack=40,rack-latency=50us,site-bandwidth=1.25e9,...`.
struct NetworkArgument: ExpressibleByArgument, Sendable {
  let model: NetworkModel

  /// The keys of a model in full.
  static let keys =
    "dispatch=,rack=,racks=,{rack,cluster,site}-latency=,{rack,cluster,site}-bandwidth=,in=,out="

  init?(argument: String) {
    if let time = TraceTime(argument: argument) {
      model = NetworkModel(constant: time.value)
      return
    }
    var model = NetworkModel(
      dispatch: .zero, machinesPerRack: .max, racksPerCluster: .max,
      rack: .init(latency: .zero), cluster: .init(latency: .zero), site: .init(latency: .zero))
    var seen: Set<Substring> = []
    for item in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = item.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, seen.insert(pair[0]).inserted,
        Self.set(String(pair[0]), to: String(pair[1]), in: &model)
      else { return nil }
    }
    self.model = model
  }

  private static func set(_ key: String, to text: String, in model: inout NetworkModel) -> Bool {
    let levels: [(String, WritableKeyPath<NetworkModel, NetworkModel.Level>)] = [
      ("rack", \.rack), ("cluster", \.cluster), ("site", \.site),
    ]
    for (name, level) in levels {
      if key == name + "-latency", let time = TraceTime(argument: text) {
        model[keyPath: level].latency = time.value
        return true
      }
      if key == name + "-bandwidth", let bandwidth = Double(text), bandwidth > 0 {
        model[keyPath: level].bandwidth = bandwidth
        return true
      }
    }
    switch key {
    case "dispatch":
      guard let time = TraceTime(argument: text) else { return false }
      model.dispatch = time.value
    case "rack", "racks":
      guard let count = Int(text), count > 0 else { return false }
      if key == "rack" { model.machinesPerRack = count } else { model.racksPerCluster = count }
    case "in", "out":
      guard let size = Double(text), (0...1e18).contains(size) else { return false }
      let data = Bytes(rounding: size)
      if key == "in" { model.input = data } else { model.output = data }
    default: return false
    }
    return true
  }
}
