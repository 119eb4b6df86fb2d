import Configuration
import Diagnostics
import Tables
import TraceInput

extension MappedTableFormat {
  /// The public traces that a mapping reads, in the order in which they are asked: where the columns
  /// of one are among another's, that one comes later. A new one is a file in `Presets`, its name in
  /// `Package.swift`, and a line here.
  public static let presets: [MappedTableFormat] = [
    preset(PackageResources.helios_yaml),
    preset(PackageResources.acme_kalos_yaml),
    preset(PackageResources.acme_seren_yaml),
    preset(PackageResources.microsoft_itp_yaml),
    preset(PackageResources.philly_yaml),
    preset(PackageResources.philly_pollux_yaml),
    preset(PackageResources.alibaba_gpu_2020_yaml),
    preset(PackageResources.alibaba_dlrm_2025_yaml),
    preset(PackageResources.alibaba_spot_2026_yaml),
    preset(PackageResources.alibaba_genai_2026_yaml),
    preset(PackageResources.azure_functions_2021_yaml),
    preset(PackageResources.azure_llm_yaml),
    preset(PackageResources.burstgpt_3_yaml),
    preset(PackageResources.burstgpt_yaml),
    preset(PackageResources.mooncake_yaml),
    preset(PackageResources.mit_supercloud_yaml),
    preset(PackageResources.pm100_yaml),
    preset(PackageResources.f_data_yaml),
    preset(PackageResources.lassen_yaml),
    preset(PackageResources.lanl_mustang_yaml),
    preset(PackageResources.two_sigma_yaml),
    preset(PackageResources.frontier_yaml),
    preset(PackageResources.huawei_east_yaml),
    preset(PackageResources.batsim_yaml),
    preset(PackageResources.slurm_yaml),
    preset(PackageResources.slurm_json_yaml),
    preset(PackageResources.pbs_yaml),
    preset(PackageResources.lsf_yaml),
    preset(PackageResources.kubernetes_pods_yaml),
    preset(PackageResources.kubernetes_recording_yaml),
    preset(PackageResources.wfcommons_yaml),
    preset(PackageResources.wfcommons_1_3_yaml),
    preset(PackageResources.wfcommons_1_2_yaml),
    preset(PackageResources.bitbrains_yaml),
    preset(PackageResources.azure_vm_yaml),
    preset(PackageResources.opendc_2_0_yaml),
    preset(PackageResources.opendc_2021_yaml),
    preset(PackageResources.wta_yaml),
    preset(PackageResources.materna_yaml),
    preset(PackageResources.alibaba_2018_containers_yaml),
    preset(PackageResources.alibaba_2018_instances_yaml),
    preset(PackageResources.gwa_yaml),
    preset(PackageResources.planetlab_yaml),
  ]

  /// The tasks.parquet of OpenDC workloads from 2023 on.
  public static let openDC: MappedTableFormat = {
    var format = openDCUnits
    format.mapping.notes.append(
      "opendc: mem_capacity is read as kB, as OpenDC's loader does (its page says MB): "
        + "--opendc-memory-unit says otherwise")
    return format
  }()

  private static let openDCUnits = preset(PackageResources.opendc_yaml)

  /// The same with `mem_capacity` in one of `memoryUnits`: OpenDC's page calls it MB, its loader
  /// (ComputeWorkloadLoader.kt) divides it by 1000 "from KB to MB", and its workloads are so.
  public static func openDC(memoryUnit: String) -> MappedTableFormat {
    var mapping = openDCUnits.mapping
    mapping.columns["memory_bytes"]?.unit = memoryUnit
    return MappedTableFormat(name: openDC.name, mapping: mapping)
  }

  /// The units that `mem_capacity` can be in.
  public static let memoryUnits = ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"]

  /// The format that a mapping of the program's own describes.
  private static func preset(_ bytes: [UInt8]) -> MappedTableFormat {
    do {
      let file = ConfigurationFile(text: String(decoding: bytes, as: UTF8.self), name: "preset")
      let mapping = try TableMapping(file: file)
      return MappedTableFormat(name: mapping.name ?? "preset", mapping: mapping)
    } catch {
      preconditionFailure("a mapping of the program's own is wrong: \(error)")
    }
  }
}
