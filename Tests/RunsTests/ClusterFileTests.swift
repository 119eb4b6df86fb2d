import Foundation
import Runs
import Simulation
import TestSupport
import Testing
import TraceParsing
import Workload

/// A trace's machines as a file that can be changed.
@Suite struct ClusterFileTests {
  private func layout(_ text: String, _ name: String, _ folder: TemporaryFolder) throws
    -> ClusterLayout
  {
    try NamedCluster(folder.write(text, to: name)).layout(seed: 1)
  }

  /// Machines by kind; what has no limit is as much as a file can say.
  private func kinds(_ layout: ClusterLayout) -> [String: Int] {
    let most = Bytes(gibibytes: 1e6)
    var kinds: [String: Int] = [:]
    for machine in layout.machines where machine.isUp {
      let type =
        machine.capacity.milliGPU > 0 ? layout.platforms[Int(machine.platform)] : ""
      var capacity = machine.capacity
      (capacity.memory, capacity.disk) = (min(most, capacity.memory), min(most, capacity.disk))
      if layout.machinesOfUnknownDisk == layout.machines.count { capacity.disk = .zero }
      kinds["\(capacity) \(machine.speed) \(machine.power) \(type)", default: 0] += 1
    }
    return kinds
  }

  /// What is written reads back as the same machines, to the last unit.
  @Test(arguments: ["google-2011-mini", "google-2019", "alibaba-2018"])
  func machinesOfATraceReadBack(_ name: String) throws {
    let folder = TemporaryFolder()
    let path = packageRoot.appendingPathComponent("data/\(name)").path
    let cluster = NamedCluster(path)
    let before = try cluster.layout(seed: 1)
    let text = try cluster.file()
    let after = try layout(text, "mine.yaml", folder)
    #expect(kinds(after) == kinds(before))
    #expect(text.contains("# not in it: ") && text.contains("order and attributes"))
    #expect(text.contains("later change") == !before.events.isEmpty)
  }

  @Test func aSpecificationReadsBackAsItself() throws {
    let folder = TemporaryFolder()
    let names = [
      "study:17", "tiers:9", try folder.write(ClusterSpec.example, to: "example.yaml"),
      try folder.write(
        """
        groups:
          - { name: "a: \\"b\\" # c", count: 3, cores: 0.1, memoryGiB: [0.3, 1e3], gpus: 0.5, gpuType: "V100 'x'",
              powerCurve: [0, 0.25, 1] }
        """, to: "odd.yaml"),
    ]
    for name in names {
      let cluster = NamedCluster(name)
      let path = try folder.write(cluster.file(), to: "again.yaml")
      #expect(try NamedCluster(path).specification() == cluster.specification(), "\(name)")
    }
  }

  /// Types of GPUs, whatever they are called, and resources that nothing is said of.
  @Test func typesAreKept() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "sn,cpu_milli,memory_mib,gpu,model\nn-1,96000,786432,8,\"V100, 'M'\"\nn-2,64000,262144,0,\nn-3,96000,786432,8,\"V100, 'M'\"\n",
      to: "nodes.csv")
    let text = try NamedCluster(path).file()
    let before = try NamedCluster(path).layout(seed: 1)
    #expect(try kinds(layout(text, "mine.yaml", folder)) == kinds(before))
    #expect(text.contains("count: 2") && !text.contains("diskGiB"))
  }
}
