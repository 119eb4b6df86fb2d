// swift-format-ignore-file
import Diagnostics
import Testing
import TraceInput
import TraceParsing
import Workload

/// Broken inputs of the formats that mappings read: some good rows and a bad one, and the one line that
/// it must be told with.
@Suite struct BrokenPresetTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var format: String
    var file: String
    var text: String
    var message: String

    var testDescription: String { "\(format): \(message)" }

    init(_ format: String, _ file: String, _ text: String, _ message: String) {
      (self.format, self.file, self.text, self.message) = (format, file, text, message)
    }
  }

  private static let helios: [Case] = [
    Case(
      "helios", "cluster_log.csv",
      #"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:61:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n"#,
      #"cluster_log.csv:3:8: submit_time '2020-06-09 18:61:01' is no date-time: minute 61"#),
    Case(
      "helios", "cluster_log.csv",
      #"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n1,u,v,1,4,1,DONE,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n"#,
      #"cluster_log.csv:3:7: state 'DONE' is none of finished, failed, killed, evicted, lost, running, pending"#),
    Case(
      "helios", "cluster_log.csv",
      #"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n1,u,v,1,four,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n"#,
      #"cluster_log.csv:3:5: cpu_num 'four' is not a number"#),
    Case(
      "helios", "cluster_log.csv",
      #"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n2,u,v\#n"#,
      #"cluster_log.csv:3: tasks has 12 columns; this row has 3"#),
    Case(
      "helios", "cluster_log.csv",
      #"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n1,u,v,1,4,1,COMPLETED,,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n"#,
      #"cluster_log.csv:3:8: submit_time is missing"#),
    Case(
      "helios", "cluster_log.csv",
      #"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,soon,60,1\#n"#,
      #"cluster_log.csv:3:10: end_time 'soon' is no date-time: it does not begin with a date"#),
    Case(
      "helios", "cluster_log.csv",
      #"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\#n1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n1,u,v,-1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\#n"#,
      #"cluster_log.csv:3:4: gpu_num -1000 is not from 0 to 1000000000"#),
  ]

  private static let slurm: [Case] = [
    Case(
      "slurm", "jobs.txt",
      #"JobID|User|Submit|Start|End|State|ReqCPUS|ReqMem|NNodes|Timelimit\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8|16Gn|1|1-02:00:00\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|ENDED|8|16Gn|1|1-02:00:00\#n"#,
      #"jobs.txt:3:6: State 'ENDED' is none of finished, failed, killed, evicted, lost, running, pending"#),
    Case(
      "slurm", "jobs.txt",
      #"JobID|User|Submit|Start|End|State|ReqCPUS|ReqMem|NNodes|Timelimit\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8|16Gn|1|1-02:00:00\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8|16Xn|1|1-02:00:00\#n"#,
      #"jobs.txt:3:8: ReqMem '16Xn' is not a number or a size"#),
    Case(
      "slurm", "jobs.txt",
      #"JobID|User|Submit|Start|End|State|ReqCPUS|ReqMem|NNodes|Timelimit\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8|16Gn|1|1-02:00:00\#n2|u\#n"#,
      #"jobs.txt:3: tasks has 10 columns; this row has 2"#),
    Case(
      "slurm", "jobs.txt",
      #"JobID|User|Submit|Start|End|State|ReqCPUS|ReqMem|NNodes|Timelimit\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8|16Gn|1|1-02:00:00\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8|16Gn|1|1-02:00:00:00\#n"#,
      #"jobs.txt:3:10: Timelimit '1-02:00:00:00' is not a number or a length of time"#),
    Case(
      "slurm", "jobs.txt",
      #"JobID|User|Submit|Start|End|State|ReqCPUS|ReqMem|NNodes|Timelimit\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8|16Gn|1|1-02:00:00\#n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|eight|16Gn|1|1-02:00:00\#n"#,
      #"jobs.txt:3:7: ReqCPUS 'eight' is not a number"#),
  ]

  private static let slurmJson: [Case] = [
    Case(
      "slurm-json", "jobs.json",
      #"{"jobs":[{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["COMPLETED"]}, "time": {"submission": 1000, "start": 1010, "end": 1100, "limit": {"set": true, "number": 60}}, "tres": {"requested": [], "allocated": []}},\#n{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["COMPLETED"]}, "time": {"submission": "x", "start": 1, "end": 2, "limit": {"set": false}}, "tres": {"requested": [], "allocated": []}}]}"#,
      #"jobs.json:2: time.submission 'x' is not a number"#),
    Case(
      "slurm-json", "jobs.json",
      #"{"jobs":[{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["COMPLETED"]}, "time": {"submission": 1000, "start": 1010, "end": 1100, "limit": {"set": true, "number": 60}}, "tres": {"requested": [], "allocated": []}},\#n{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["LOST"]}, "time": {"submission": 1000, "start": 1010, "end": 1100, "limit": {"set": true, "number": 60}}, "tres": {"requested": [], "allocated": []}}]}"#,
      #"jobs.json:2: state.current.0 'LOST' is none of finished, failed, killed, evicted, lost, running, pending"#),
    Case(
      "slurm-json", "jobs.json",
      #"{"jobs":[{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["COMPLETED"]}, "time": {"submission": 1000, "start": 1010, "end": 1100, "limit": {"set": true, "number": 60}}, "tres": {"requested": [], "allocated": []}}\#n{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["COMPLETED"]}, "time": {"submission": 1000, "start": 1010, "end": 1100, "limit": {"set": true, "number": 60}}, "tres": {"requested": [], "allocated": []}}]}"#,
      #"jobs.json:2: expected a comma between elements"#),
    Case(
      "slurm-json", "jobs.json",
      #"{"jobs":[{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["COMPLETED"]}, "time": {"submission": 1000, "start": 1010, "end": 1100, "limit": {"set": true, "number": 60}}, "tres": {"requested": [], "allocated": []}},\#n{"job_id":"#,
      #"jobs.json:2: the text ends within an object"#),
    Case(
      "slurm-json", "jobs.json",
      #"{"jobs":[{"job_id": 1, "user": "a", "allocation_nodes": 1, "array": {"job_id": 0, "task_id": {"set": false}}, "het": {"job_id": 0, "job_offset": {"set": false}}, "state": {"current": ["COMPLETED"]}, "time": {"submission": 1000, "start": 1010, "end": 1100, "limit": {"set": true, "number": 60}}, "tres": {"requested": [], "allocated": []}},\#n7]}"#,
      #"jobs.json:2: expected a JSON object: it is JSON, but not an object"#),
  ]

  private static let wfcommons: [Case] = [
    Case(
      "wfcommons", "w.json",
      #"{"name": "w", "workflow": {"specification": {"tasks": [{"id": "a", "parents": []}, {"id": "b", "parents": ["a"]}], "files": []}, "execution": {"makespanInSeconds": 1, "tasks": [{"id": "a", "runtimeInSeconds": "long"}, {"id": "b", "runtimeInSeconds": 1}]}}}"#,
      #"w.json:1: runs.runtimeInSeconds 'long' is not a number"#),
    Case(
      "wfcommons", "w.json",
      #"{"name": "w", "workflow": {"specification": {"tasks": [{"id": "a", "parents": []}], "files": []}, "execution": {"makespanInSeconds": 1, "tasks": [{"id": "a", "runtimeInSeconds": 1, "coreCount": "two"}]}}}"#,
      #"w.json:1: runs.coreCount 'two' is not a number"#),
    Case(
      "wfcommons", "w.json",
      #"{"name": "w", "workflow": {"specification": {"tasks": [{"id": "a", "parents": []}], "files": []}, "execution": {"makespanInSeconds": 1, "tasks": [{"id": "a", "runtimeInSeconds": 1, "memoryInBytes": "1G"}]}}}"#,
      #"w.json:1: runs.memoryInBytes '1G' may be of 1000 or 1024: unit: slurm, pbs or kubernetes says"#),
    Case(
      "wfcommons", "w.json",
      #"{"name": "w", "workflow": {"specification": {"tasks": [{"id": "a", "parents": []}], "files": []}, "execution": {"makespanInS"#,
      #"w.json:1: the text ends within a string"#),
    Case(
      "wfcommons", "w.json",
      #"{"name": "w", "workflow": {"specification": {"tasks": [{"id": "a", "parents": []}], "files": []}, "execution": {"makespanInSeconds": 1, "tasks": [{"id": "a", "runtimeInSeconds": 1e+30}]}}}"#,
      #"w.json:1: runs.runtimeInSeconds 1e+36 is out of range"#),
    Case(
      "wfcommons", "w.json",
      #"{"name": "w", "workflow": {"specification": {"tasks": [{"id": "a", "parents": []}, 5], "files": []}, "execution": {"makespanInSeconds": 1, "tasks": [{"id": "a", "runtimeInSeconds": 1}]}}}"#,
      #"w.json:1: expected a JSON object: it is JSON, but not an object"#),
  ]

  private static let philly: [Case] = [
    Case(
      "philly", "cluster_job_log",
      #"[{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"},\#n{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-13-09 07:07:00", "user": "u"}]"#,
      #"cluster_job_log:2: submitted_time '2017-13-09 07:07:00' is no date-time: month 13"#),
    Case(
      "philly", "cluster_job_log",
      #"[{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"},\#n{"status": "Lost", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"}]"#,
      #"cluster_job_log:2: status 'Lost' is none of finished, failed, killed, evicted, lost, running, pending"#),
    Case(
      "philly", "cluster_job_log",
      #"[{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"},\#n{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "", "user": "u"}]"#,
      #"cluster_job_log:2: submitted_time is missing"#),
    Case(
      "philly", "cluster_job_log",
      #"[{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"}\#n{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"}]"#,
      #"cluster_job_log:2: expected a comma between elements"#),
    Case(
      "philly", "cluster_job_log",
      #"[{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"},\#n{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017"#,
      #"cluster_job_log:2: the text ends within an object"#),
    Case(
      "philly", "cluster_job_log",
      #"[{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "2017-10-09 07:08:00", "end_time": "2017-10-09 07:09:00", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}], "submitted_time": "2017-10-09 07:07:00", "user": "u"},\#n{"status": "Pass", "vc": "v", "jobid": "j1", "attempts": [{"start_time": "x", "end_time": "y", "detail": []}], "submitted_time": "2017-10-09 07:07:00", "user": "u"}]"#,
      #"cluster_job_log:2: attempts.*.start_time 'x' is no date-time: it does not begin with a date"#),
  ]

  private static let bitbrains: [Case] = [
    Case(
      "bitbrains", "1.csv",
      #"Timestamp [ms];\#tCPU cores;\#tCPU capacity provisioned [MHZ];\#tCPU usage [MHZ];\#tCPU usage [%];\#tMemory capacity provisioned [KB];\#tMemory usage [KB];\#tDisk read throughput [KB/s];\#tDisk write throughput [KB/s];\#tNetwork received throughput [KB/s];\#tNetwork transmitted throughput [KB/s]\#n1372629804;\#t2;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#nnoon;\#t2;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#n"#,
      #"1.csv:3:1: Timestamp [ms] 'noon' is not a number"#),
    Case(
      "bitbrains", "1.csv",
      #"Timestamp [ms];\#tCPU cores;\#tCPU capacity provisioned [MHZ];\#tCPU usage [MHZ];\#tCPU usage [%];\#tMemory capacity provisioned [KB];\#tMemory usage [KB];\#tDisk read throughput [KB/s];\#tDisk write throughput [KB/s];\#tNetwork received throughput [KB/s];\#tNetwork transmitted throughput [KB/s]\#n1372629804;\#t2;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#n1372629804;\#ttwo;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#n"#,
      #"1.csv:3:2: CPU cores 'two' is not a number"#),
    Case(
      "bitbrains", "1.csv",
      #"Timestamp [ms];\#tCPU cores;\#tCPU capacity provisioned [MHZ];\#tCPU usage [MHZ];\#tCPU usage [%];\#tMemory capacity provisioned [KB];\#tMemory usage [KB];\#tDisk read throughput [KB/s];\#tDisk write throughput [KB/s];\#tNetwork received throughput [KB/s];\#tNetwork transmitted throughput [KB/s]\#n1372629804;\#t2;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#n1372629804;\#t2\#n"#,
      #"1.csv:3: tasks has 11 columns; this row has 2"#),
    Case(
      "bitbrains", "1.csv",
      #"Timestamp [ms];\#tCPU cores;\#tCPU capacity provisioned [MHZ];\#tCPU usage [MHZ];\#tCPU usage [%];\#tMemory capacity provisioned [KB];\#tMemory usage [KB];\#tDisk read throughput [KB/s];\#tDisk write throughput [KB/s];\#tNetwork received throughput [KB/s];\#tNetwork transmitted throughput [KB/s]\#n1372629804;\#t2;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#n1372629804;\#t2;\#t5851;\#t87;\#t1.5;\#tx;\#t5000;\#t0;\#t2;\#t0;\#t1\#n"#,
      #"1.csv:3:6: Memory capacity provisioned [KB] 'x' is not a number or a size"#),
    Case(
      "bitbrains", "1.csv",
      #"Timestamp [ms];\#tCPU cores;\#tCPU capacity provisioned [MHZ];\#tCPU usage [MHZ];\#tCPU usage [%];\#tMemory capacity provisioned [KB];\#tMemory usage [KB];\#tDisk read throughput [KB/s];\#tDisk write throughput [KB/s];\#tNetwork received throughput [KB/s];\#tNetwork transmitted throughput [KB/s]\#n1372629804;\#t2;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#n-5;\#t2;\#t5851;\#t87;\#t1.5;\#t8218624;\#t5000;\#t0;\#t2;\#t0;\#t1\#n"#,
      #"1.csv:3:1: Timestamp [ms] -5000000 µs is negative"#),
  ]

  private static let azureVm: [Case] = [
    Case(
      "azure-vm", "vmtable.csv",
      #"a,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,early,900,9,5,8,Interactive,2,4\#n"#,
      #"vmtable.csv:4:4: created 'early' is not a number"#),
    Case(
      "azure-vm", "vmtable.csv",
      #"a,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,>24x,4\#n"#,
      #"vmtable.csv:4:10: cores '>24x' is a bound: values: {">24x": …} says a number"#),
    Case(
      "azure-vm", "vmtable.csv",
      #"a,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,>65\#n"#,
      #"vmtable.csv:4:11: memory_gb '>65' is a bound: values: {">65": …} says a number"#),
    Case(
      "azure-vm", "vmtable.csv",
      #"a,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s\#n"#,
      #"vmtable.csv:4: tasks has 11 columns; this row has 2"#),
    Case(
      "azure-vm", "vmtable.csv",
      #"a,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Batch,2,4\#n"#,
      #"vmtable.csv:4:9: category 'Batch' is none of unknown, best-effort, batch, mid, production, monitoring"#),
    Case(
      "azure-vm", "vmtable.csv",
      #"a,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,,900,9,5,8,Interactive,2,4\#n"#,
      #"vmtable.csv:4:4: created is missing"#),
    Case(
      "azure-vm", "vmtable.csv",
      #"a,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,300,900,9,5,8,Interactive,2,4\#na,s,d1,1e300,900,9,5,8,Interactive,2,4\#n"#,
      #"vmtable.csv:4:4: created 1e300 is out of range"#),
  ]

  private static let gwa: [Case] = [
    Case(
      "gwa", "g.gwf",
      #"1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 soon 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n"#,
      #"g.gwf:4:2: SubmitTime 'soon' is not a number"#),
    Case(
      "gwa", "g.gwf",
      #"1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 2 3\#n"#,
      #"g.gwf:4: tasks has 29 columns; this row has 3"#),
    Case(
      "gwa", "g.gwf",
      #"1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 x 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n"#,
      #"g.gwf:4:4: RunTime 'x' is not a number"#),
    Case(
      "gwa", "g.gwf",
      #"1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 -1 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n"#,
      #"g.gwf:4:2: SubmitTime is missing"#),
    Case(
      "gwa", "g.gwf",
      #"1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 many 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n"#,
      #"g.gwf:4:8: ReqNProcs 'many' is not a number"#),
    Case(
      "gwa", "g.gwf",
      #"1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 100 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n1 1e30 5 10 4 -1 -1 4 100 -1 1 u1 g1 e1 q1 -1 s1 s1 UNITARY -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\#n"#,
      #"g.gwf:4:2: SubmitTime 1e30 is out of range"#),
  ]

  private static let alibabaGpu2020: [Case] = [
    Case(
      "alibaba-gpu-2020", "pai_task_table.csv",
      #"j1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,x,200.0,600.0,29.3,50.0,T4\#n"#,
      #"pai_task_table.csv:4: jobs.start_time 'x' is not a number"#),
    Case(
      "alibaba-gpu-2020", "pai_task_table.csv",
      #"j1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Ended,100.0,200.0,600.0,29.3,50.0,T4\#n"#,
      #"pai_task_table.csv:4:4: status 'Ended' is none of finished, failed, killed, evicted, lost, running, pending"#),
    Case(
      "alibaba-gpu-2020", "pai_task_table.csv",
      #"j1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2.5,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#n"#,
      #"pai_task_table.csv:4:3: inst_num 2.5 is no whole number"#),
    Case(
      "alibaba-gpu-2020", "pai_task_table.csv",
      #"j1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,w\#n"#,
      #"pai_task_table.csv:4: tasks has 10 columns; this row has 2"#),
    Case(
      "alibaba-gpu-2020", "pai_task_table.csv",
      #"j1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,lots,29.3,50.0,T4\#n"#,
      #"pai_task_table.csv:4:7: plan_cpu 'lots' is not a number"#),
    Case(
      "alibaba-gpu-2020", "pai_task_table.csv",
      #"j1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,2,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#nj1,worker,99999999999,Terminated,100.0,200.0,600.0,29.3,50.0,T4\#n"#,
      #"pai_task_table.csv:4:3: inst_num 99999999999 is not from 1 to 1000000"#),
  ]

  private static let microsoftItp: [Case] = [
    Case(
      "microsoft-itp", "c.csv",
      #"job_id,submission_time,duration,num_gpu\#na,1,2,3\#nb,x,2,3\#n"#,
      #"c.csv:3:2: submission_time 'x' is not a number"#),
    Case(
      "microsoft-itp", "c.csv",
      #"job_id,submission_time,duration,num_gpu\#na,1,2,3\#nb,1,x,3\#n"#,
      #"c.csv:3:3: duration 'x' is not a number"#),
    Case(
      "microsoft-itp", "c.csv",
      #"job_id,submission_time,duration,num_gpu\#na,1,2,3\#nb,,2,3\#n"#,
      #"c.csv:3:2: submission_time is missing"#),
    Case(
      "microsoft-itp", "c.csv",
      #"job_id,submission_time,duration,num_gpu\#na,1,2,3\#nb,1,2\#n"#,
      #"c.csv:3: tasks has 4 columns; this row has 3"#),
    Case(
      "microsoft-itp", "c.csv",
      #"job_id,submission_time,duration,num_gpu\#na,1,2,3\#nb,1,2,>8\#n"#,
      #"c.csv:3:4: num_gpu '>8' is a bound: values: {">8": …} says a number"#),
    Case(
      "microsoft-itp", "c.csv",
      #"job_id,submission_time,duration,num_gpu\#na,1,2,3\#nb,-1,2,3\#n"#,
      #"c.csv:3:2: submission_time -1000000 µs is negative"#),
    Case(
      "microsoft-itp", "c.csv",
      #"job_id,submission_time,duration,num_gpu\#na,1,2,3\#n"b,1,2,3\#n"#,
      #"c.csv:3: the file ends inside quotes"#),
  ]

  private static let pbs: [Case] = [
    Case(
      "pbs", "20240301",
      #"03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=early start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n"#,
      #"20240301:4:4: message 'early' is not a number"#),
    Case(
      "pbs", "20240301",
      #"03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8xb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n"#,
      #"20240301:4:4: message '8xb' is not a number or a size"#),
    Case(
      "pbs", "20240301",
      #"03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n"#,
      #"20240301:4:4: message is missing"#),
    Case(
      "pbs", "20240301",
      #"03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=many Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n"#,
      #"20240301:4:4: message 'many' is not a number"#),
    Case(
      "pbs", "20240301",
      #"03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=100 start=160 Resource_List.ncpus=16 Resource_List.mem=8gb Resource_List.walltime=02:00:00 end=200 Exit_status=0\#n03/01/2024 11:00:00;E;12.server\#n"#,
      #"20240301:4: tasks has 4 columns; this row has 3"#),
  ]

  private static let lsf: [Case] = [
    Case(
      "lsf", "lsb.acct",
      #""JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" x\#n"#,
      #"lsb.acct:4:1: line is missing"#),
    Case(
      "lsf", "lsb.acct",
      #""JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 -1 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"#,
      #"lsb.acct:4:1: line is missing"#),
    Case(
      "lsf", "lsb.acct",
      #""JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 99999999999999999999 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"#,
      #"lsb.acct:4: a CPU amount of 9223372036.854776 cores is not from 0 to 18014398.509481983"#),
    Case(
      "lsf", "lsb.acct",
      #""JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 99999999999999999999 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"#,
      #"lsb.acct:4:1: line 99999999999999999999 is out of range"#),
    Case(
      "lsf", "lsb.acct",
      #""JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 1709287200 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"JOB_FINISH" "10.1" 1709290860 41 501 33554438 8 early 0 0 1709287260 "ann" "normal" "" "" "" "l" "" "" "" "" "1.4" 0 2 "n1" "n2" 64 60.0 "j" "c" 1 0\#n"#,
      #"lsb.acct:4:1: line is missing"#),
  ]

  private static let planetlab: [Case] = [
    Case(
      "planetlab", "vm",
      String(repeating: "23\n", count: 150) + #"7,8\#n"#,
      #"vm:151: tasks has 1 columns; this row has 2"#),
    Case(
      "planetlab", "vm",
      String(repeating: "23\n", count: 150) + #"x\#n"#,
      #"vm:151:1: cpu_percent 'x' is not a number from 0 to 100"#),
    Case(
      "planetlab", "vm",
      String(repeating: "23\n", count: 150) + #"101\#n"#,
      #"vm:151:1: cpu_percent '101' is not a number from 0 to 100"#),
  ]

  static let cases: [Case] = [
    helios, slurm, slurmJson, wfcommons, philly, bitbrains, azureVm, gwa, alibabaGpu2020, microsoftItp, pbs, lsf, planetlab,
  ].flatMap { $0 }

  @Test(arguments: cases)
  func `is told in one line`(input: Case) throws {
    let folder = try ScratchFolder()
    let path = try folder.write(input.file, input.text)
    var told = "no error"
    do {
      let opener = TraceOpener(formats: MappedTableFormat.presets)
      _ = try Formats.drain(opener.open(path, format: input.format).records(ReadOptions()))
    } catch {
      told = "\(error)".replacing(folder.path + "/", with: "")
    }
    #expect(told == input.message)
  }
}
