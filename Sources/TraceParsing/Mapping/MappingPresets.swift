import Configuration
import Diagnostics
import Synchronization
import Tables
import TraceInput

extension MappedTableFormat {
  /// The public traces that a mapping reads, in the order in which they are asked: where the columns
  /// of one are among another's, that one comes later. A new one is a file in `Presets`, its name in
  /// `Package.swift`, and a line here.
  public static let presets: [MappedTableFormat] = [
    preset("helios", PackageResources.helios_yaml),
    preset("acme-kalos", PackageResources.acme_kalos_yaml),
    preset("acme-seren", PackageResources.acme_seren_yaml),
    preset("microsoft-itp", PackageResources.microsoft_itp_yaml),
    preset("philly", PackageResources.philly_yaml),
    preset("philly-pollux", PackageResources.philly_pollux_yaml),
    preset("alibaba-gpu-2020", PackageResources.alibaba_gpu_2020_yaml),
    preset("alibaba-dlrm-2025", PackageResources.alibaba_dlrm_2025_yaml),
    preset("alibaba-spot-2026", PackageResources.alibaba_spot_2026_yaml),
    preset("alibaba-genai-2026", PackageResources.alibaba_genai_2026_yaml),
    preset("azure-functions-2021", PackageResources.azure_functions_2021_yaml),
    preset("azure-llm", PackageResources.azure_llm_yaml),
    preset("burstgpt-3", PackageResources.burstgpt_3_yaml),
    preset("burstgpt", PackageResources.burstgpt_yaml),
    preset("mooncake", PackageResources.mooncake_yaml),
    preset("mit-supercloud", PackageResources.mit_supercloud_yaml),
    preset("pm100", PackageResources.pm100_yaml),
    preset("f-data", PackageResources.f_data_yaml),
    preset("lassen", PackageResources.lassen_yaml),
    preset("lanl-mustang", PackageResources.lanl_mustang_yaml),
    preset("two-sigma", PackageResources.two_sigma_yaml),
    preset("frontier", PackageResources.frontier_yaml),
    preset("huawei-east", PackageResources.huawei_east_yaml),
    preset("batsim", PackageResources.batsim_yaml),
    preset("slurm", PackageResources.slurm_yaml),
    preset("slurm-json", PackageResources.slurm_json_yaml),
    preset("pbs", PackageResources.pbs_yaml),
    preset("lsf", PackageResources.lsf_yaml),
    preset("kubernetes-pods", PackageResources.kubernetes_pods_yaml),
    preset("kubernetes-recording", PackageResources.kubernetes_recording_yaml),
    preset("wfcommons", PackageResources.wfcommons_yaml),
    preset("wfcommons-1.3", PackageResources.wfcommons_1_3_yaml),
    preset("wfcommons-1.2", PackageResources.wfcommons_1_2_yaml),
    preset("bitbrains", PackageResources.bitbrains_yaml),
    preset("azure-vm", PackageResources.azure_vm_yaml),
    preset("opendc-2.0", PackageResources.opendc_2_0_yaml),
    preset("opendc-2021", PackageResources.opendc_2021_yaml),
    preset("wta", PackageResources.wta_yaml),
    preset("materna", PackageResources.materna_yaml),
    preset("alibaba-2018-containers", PackageResources.alibaba_2018_containers_yaml),
    preset("alibaba-2018-instances", PackageResources.alibaba_2018_instances_yaml),
    preset("gwa", PackageResources.gwa_yaml),
    preset("planetlab", PackageResources.planetlab_yaml),
  ]

  /// The tasks.parquet of OpenDC workloads from 2023 on.
  public static let openDC = preset("opendc", PackageResources.opendc_yaml)

  /// The same with `mem_capacity` in one of `memoryUnits`: OpenDC's page calls it MB, its loader
  /// (ComputeWorkloadLoader.kt) divides it by 1000 "from KB to MB", and its workloads are so.
  public static func openDC(memoryUnit: String) -> MappedTableFormat {
    var mapping = openDC.mapping
    mapping.columns["memory_bytes"]?.unit = memoryUnit
    // Its only note is about the unit.
    mapping.notes = []
    return MappedTableFormat(name: openDC.name, mapping: mapping)
  }

  /// The units that `mem_capacity` can be in.
  public static let memoryUnits = ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"]

  /// The format that a mapping of the program's own describes; it is read where the format is first asked.
  private static func preset(
    _ name: String, _ bytes: @autoclosure @escaping @Sendable () -> [UInt8]
  ) -> MappedTableFormat {
    MappedTableFormat(name: name, preset: PresetMapping(name: name, bytes: bytes))
  }
}

/// A mapping of the program's own, read once, where it is first asked for: most inputs are recognised before.
final class PresetMapping: Sendable {
  private let name: String
  private let bytes: @Sendable () -> [UInt8]
  private let read = Mutex<TableMapping?>(nil)

  init(name: String, bytes: @escaping @Sendable () -> [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  var mapping: TableMapping {
    read.withLock { read in
      if let read { return read }
      do {
        let file = ConfigurationFile(text: String(decoding: bytes(), as: UTF8.self), name: name)
        let mapping = try TableMapping(file: file)
        precondition(
          mapping.name == name, "the mapping \(name) calls itself \(mapping.name ?? "nothing")")
        read = mapping
        return mapping
      } catch {
        preconditionFailure("a mapping of the program's own is wrong: \(error)")
      }
    }
  }
}
