// The bug bank: small inits, each with one fault. It tries the whole harness: who says that it
// finds what is wrong with an init has to find these, and nothing in the faultless ones.
//
// An init without fault, inits/NAME.c, is built as NAME:
//
//   INIT(name, profile, ledger, sentence)
//     profile   kMachine or kContainer: by which it is judged
//     ledger    in harness/crosscheck/ledgers, what it breaks even so: "" but for the stand-in
//
// A fault in one is built as its own name:
//
//   BUG(name, init,
//       rules, report, sentence)
//     rules     by number: each of them has to be found broken, in a way that no ledger excuses.
//               More may be, as a consequence
//     report    whose init did that, as repository#number; "" for a slip that anybody could make
//
// To add a fault: its row here (two lines: CMakeLists.txt reads the first), and FAULTY(name) where
// the init goes wrong. bugbank_test builds it and has it judged. If it is not found, see whether a
// scenario shows it at all (crosscheck --play). If one does and random ones do not, put it into corpus/.
//
// Whoever includes this says first what INIT and BUG are.

// clang-format off

INIT(sigtimedwait, kMachine, "", "takes signals one by one")
INIT(signalfd, kMachine, "", "reads signals from a descriptor, under epoll")
INIT(edges, kMachine, "", "reads signals from a descriptor, under epoll by edges")
INIT(event_loop, kMachine, "", "has handlers write to a pair of sockets, under epoll by edges")
INIT(handlers, kMachine, "", "has handlers forward, in sigsuspend and ppoll")
INIT(container, kContainer, "", "ends with its child")
INIT(minit_like, kMachine, "minit.ledger", "stands in for one that fleets boot")

// --- 1 reaps-at-rest
BUG(reaps_one_a_signal, sigtimedwait,
    "1", "Yelp/dumb-init#44", "a single wait for each SIGCHLD")
BUG(reaps_whom_the_signal_names, sigtimedwait,
    "1", "openSUSE/catatonit#4", "waits for the pid in SIGCHLD, which may stand for many deaths")
BUG(reaps_its_child_alone, sigtimedwait,
    "1", "nerves-project/erlinit#16", "waits for nobody but its child")
BUG(reaps_nothing_in_the_delay, sigtimedwait,
    "1", "", "leaves whoever dies in the 30 seconds")
BUG(waits_before_it_reaps, sigtimedwait,
    "1", "siderolabs/talos#1333", "reaps at the first signal only: who was dead at entry sends none")
BUG(looks_then_pauses, handlers,
    "1", "fpco/pid1-rs#20", "what comes between the last look and the pause wakes nobody")
BUG(leaves_sigchld_ignored, sigtimedwait,
    "10", "", "the kernel reaps the child itself, and init waits for ever")

// --- 2 forwards-every-signal
BUG(loses_term, sigtimedwait,
    "2", "", "takes SIGTERM and does nothing")
BUG(loses_abrt, signalfd,
    "2", "krallin/tini#104", "SIGABRT is not passed on")
BUG(swallows_tstp, handlers,
    "2", "containers/podman#18095", "SIGTSTP is not passed on")
BUG(loses_realtime, sigtimedwait,
    "2", "Yelp/dumb-init#70", "knows 31 signals")
BUG(handles_standard_signals, handlers,
    "2", "Yelp/dumb-init#70", "has handlers for 31 signals")
BUG(loses_32_to_34, sigtimedwait,
    "2", "", "sigfillset of the C library leaves out three")
BUG(sends_twice, sigtimedwait,
    "2", "just-containers/s6-overlay#179", "each signal is sent twice")
BUG(sends_to_the_child_alone, sigtimedwait,
    "2", "krallin/tini#15", "to the child and not to its group")
BUG(sends_kill_for_term, signalfd,
    "2", "", "SIGTERM becomes SIGKILL")
BUG(forks_without_waiting, sigtimedwait,
    "2", "", "passes signals on to a group that is not there yet")
BUG(blocks_after_the_fork, sigtimedwait,
    "2", "Yelp/dumb-init#102", "what comes between the fork and the mask is lost")
BUG(handlers_after_the_fork, handlers,
    "2", "fpco/pid1-rs#11", "what comes between the fork and the handlers is lost")
BUG(blocks_nothing, signalfd,
    "2", "", "a signalfd without a mask: the kernel drops what PID 1 does not ask for")
BUG(reads_four_takes_one, signalfd,
    "2", "", "reads as many as there are, and looks at the first")
BUG(reads_one_an_edge, edges,
    "1 2", "", "reads one signal each time that it is told of some")
BUG(takes_one_an_edge, event_loop,
    "2", "", "likewise, of those that its handlers sent")
BUG(notes_one_signal, handlers,
    "2", "BusyBox 356f23de2", "handlers note a signal in one variable, and interrupt each other")
BUG(looks_at_a_stale_errno, sigtimedwait,
    "2", "", "takes again for as long as errno is EINTR, which no success resets")

// --- 3 forwards-in-order
BUG(sends_backwards, sigtimedwait,
    "3", "", "takes all that is pending, and sends the last first")
BUG(sends_hang_up_last, sigtimedwait,
    "3", "", "takes all that is pending, and sends SIGHUP last")

// --- 4 signals-nobody-else
BUG(forwards_to_the_reaped, sigtimedwait,
    "4", "bazelbuild/bazel#11910", "forwards on after the reap: to a stranger")
BUG(sends_to_group_0, signalfd,
    "4", "finit", "after the reap the group's number is 0: its own")
BUG(sends_to_everyone, sigtimedwait,
    "4", "", "sends SIGTERM to all that is left")
BUG(forwards_sigchld, handlers,
    "4", "", "passes SIGCHLD on too")

// --- 5 starts-child-clean
BUG(leaves_the_mask, sigtimedwait,
    "5", "", "the child begins with all signals blocked")
BUG(leaves_signals_ignored, sigtimedwait,
    "5", "", "the child begins with signals ignored that init began with")
BUG(leaves_the_session, sigtimedwait,
    "5", "", "the child stays in the session of init")
BUG(leaves_descriptors, sigtimedwait,
    "5", "openSUSE/catatonit#12", "what was open at entry the child gets")
BUG(closes_the_input, sigtimedwait,
    "5", "", "the child begins without a standard input")
BUG(leaks_the_console, sigtimedwait,
    "5", "openSUSE/catatonit#28", "the child gets init's console")
BUG(leaks_the_signalfd, signalfd,
    "5", "", "the child gets init's signalfd")
BUG(drops_the_environment, sigtimedwait,
    "5", "", "the child begins with an empty environment")
BUG(passes_an_argument, handlers,
    "5", "", "the child is given an argument")
BUG(starts_twice, sigtimedwait,
    "5", "", "two children")

// --- 6 ends-only-with-child
BUG(orphans_end_is_the_end, sigtimedwait,
    "6", "", "anybody's end restarts the machine")
BUG(traced_stop_is_the_end, sigtimedwait,
    "6", "golang/go#60321", "a ptrace stop is read as an exit")
BUG(stop_is_the_end, signalfd,
    "6", "", "asks for stops, and takes the child's for its end")
BUG(ends_on_term, sigtimedwait,
    "6", "", "SIGTERM is for init itself")

// --- 7 reports-status
BUG(status_is_always_0, sigtimedwait,
    "7 9", "coder/coder#21718", "every end is a success")
BUG(status_is_0_or_255, signalfd,
    "7", "tinylabscom/mvm#2039", "every failure is 255")
BUG(status_without_128, handlers,
    "7", "", "who was killed by 9 ended with 9")
BUG(status_as_it_came, sigtimedwait,
    "7", "", "the raw word of wait")
BUG(core_flag_stays, sigtimedwait,
    "7", "", "a core dump adds 128 more")
BUG(says_nothing, sigtimedwait,
    "7", "", "no word on the console")
BUG(tells_the_watchdog, sigtimedwait,
    "7", "", "opens a file that is not there, and says nothing on the console")
BUG(names_no_path, sigtimedwait,
    "7", "", "a failed start does not say of what")

// --- 8 syncs-first
BUG(never_syncs, sigtimedwait,
    "8", "", "restarts with dirty disks")
BUG(syncs_after_the_delay, signalfd,
    "8", "", "lets disks be dirty for 30 seconds")
BUG(does_not_await_sync, sigtimedwait,
    "8", "", "restarts while the helper still syncs")
BUG(failed_start_restarts_at_once, sigtimedwait,
    "8 9", "siderolabs/talos#3053", "the path for the worst restarts with disks mounted")

// --- 9 waits-out-the-delay
BUG(waits_after_success, sigtimedwait,
    "9", "", "30 seconds after status 0 too")
BUG(waits_a_second, sigtimedwait,
    "9", "", "a second in place of 30")
BUG(delay_counts_from_boot, handlers,
    "9", "", "30 seconds from the start")
BUG(failed_exec_exits_0, sigtimedwait,
    "9", "", "who could not be executed counts as a success")

// --- 10 always-restarts
BUG(sleeps_after_a_failed_exec, sigtimedwait,
    "10", "", "who could not be executed stays for an hour")
BUG(tries_exec_at_once_again, sigtimedwait,
    "10", "", "who could not be executed tries again, without an end")
BUG(waits_a_minute, sigtimedwait,
    "10", "", "60 seconds in place of 30")
BUG(syncs_in_place, sigtimedwait,
    "10", "siderolabs/talos#13083", "a disk that hangs takes the restart along")
BUG(syncs_by_vfork, sigtimedwait,
    "10", "", "a helper syncs, and suspends init for as long as that takes")
BUG(console_can_block, sigtimedwait,
    "10", "systemd/systemd#30420", "a serial line that hangs takes the restart along")
BUG(gives_up, signalfd,
    "10", "lxc/lxc#1928", "a restart that is refused is not tried again")
BUG(retries_at_once, sigtimedwait,
    "10", "", "a restart that is refused is tried again at once, for ever")
BUG(powers_off, sigtimedwait,
    "10", "", "switches off")
BUG(halts, sigtimedwait,
    "10", "", "halts")
BUG(restarts_with_a_command, sigtimedwait,
    "10", "", "RESTART2")
BUG(restarts_without_magic, handlers,
    "10", "", "a magic number is wrong")

// --- 11 never-exits
BUG(exits_without_a_fork, sigtimedwait,
    "11", "", "a fork that is refused ends it")
BUG(eintr_is_fatal, sigtimedwait,
    "11", "USBGuard/usbguard#261", "a wait interrupted by a stop and SIGCONT ends it")
BUG(interrupted_epoll_is_fatal, signalfd,
    "11", "nerves-project/erlinit#16", "likewise")
BUG(closed_stdin_is_fatal, sigtimedwait,
    "11", "krallin/tini#246", "without a standard input it ends")
BUG(exits_at_the_end, sigtimedwait,
    "11", "linuxboot/heads#833", "exits in place of a restart")
BUG(eats_memory, sigtimedwait,
    "11", "", "100 MB for each signal, until there is none")

// --- 12 frees-the-traced
BUG(leaves_the_traced, sigtimedwait,
    "12", "", "who stopped stays so")
BUG(continues_the_traced, signalfd,
    "12", "", "PTRACE_CONT: who stops again is not let go")
BUG(detach_drops_the_signal, sigtimedwait,
    "12", "", "the signal that it stopped for is gone")
BUG(detach_passes_trap_on, handlers,
    "12", "", "SIGTRAP of an exec kills")

// --- 13 keeps-to-its-calls
BUG(makes_another_call, sigtimedwait,
    "13", "", "poll after each signal")
BUG(m_asks_for_a_socket, minit_like,
    "13", "", "asks for a socket, for a log elsewhere")
BUG(waits_in_wait, sigtimedwait,
    "13 2", "", "waits for children without WNOHANG")

// --- 14 exits-with-status
BUG(exits_with_0, container,
    "14", "coder/coder#21718", "whatever the child's status")
BUG(exits_before_reaping, container,
    "14", "Yelp/dumb-init#212", "the dead that are left nobody reaps")
BUG(exits_a_second_late, container,
    "14", "", "sleeps first")

// --- 15 comes-to-rest
BUG(polls_without_pause, sigtimedwait,
    "15", "fpco/pid1-rs#1", "100 % of a processor")
BUG(spins_with_nothing_to_reap, sigtimedwait,
    "15", "hashicorp/consul-template#507", "WNOHANG returns 0 and it asks again")
BUG(wakes_itself, event_loop,
    "15", "", "writes to the eventfd that has woken it, and is woken")
BUG(wakes_each_millisecond, signalfd,
    "15", "", "looks at the clock again and again")
BUG(loops_without_calls, sigtimedwait,
    "15", "", "waits in a loop for what only a call could bring")

// --- The stand-in, with one fault more
BUG(m_reaps_one_a_signal, minit_like,
    "1", "Yelp/dumb-init#44", "an if in place of the while")
BUG(m_stops_reaping_at_orphans, minit_like,
    "1", "", "an orphan ends the round")
BUG(m_stops_reaping_at_its_child, minit_like,
    "1", "", "the end of its child ends the round")
BUG(m_reaps_its_child_alone, minit_like,
    "1", "nerves-project/erlinit#16", "waits for its child's pid")
BUG(m_reaps_16_at_most, minit_like,
    "1", "", "16 of the dead for each SIGCHLD")
BUG(m_waits_for_exits_alone, minit_like,
    "1 10", "openSUSE/catatonit#4", "trusts si_code: who was killed is not reaped")
BUG(m_waits_for_children, minit_like,
    "2", "", "WNOHANG forgotten")
BUG(m_forgets_term, minit_like,
    "2", "", "leaves out SIGTERM")
BUG(m_forgets_usr2, minit_like,
    "2", "", "leaves out SIGUSR2")
BUG(m_forgets_realtime, minit_like,
    "2", "Yelp/dumb-init#70", "leaves out all real-time signals")
BUG(m_leaves_quit_unblocked, minit_like,
    "2", "", "does not block SIGQUIT, and waits for it")
BUG(m_drops_repeated, minit_like,
    "2", "", "the same signal again counts as a repetition")
BUG(m_tires_of_usr1, minit_like,
    "2", "", "passes on two hundred SIGUSR1 and no more")
BUG(m_sends_twice, minit_like,
    "2", "just-containers/s6-overlay#179", "to the child, and to its group")
BUG(m_sends_to_the_child_alone, minit_like,
    "2", "krallin/tini#15", "a minus is missing")
BUG(m_sends_term_for_int, minit_like,
    "2", "", "SIGINT becomes SIGTERM")
BUG(m_blocks_after_the_fork, minit_like,
    "2", "Yelp/dumb-init#102", "what comes between the fork and the mask is lost")
BUG(m_sends_backwards, minit_like,
    "3", "", "takes all that is pending, and sends the last first")
BUG(m_sends_to_everyone, minit_like,
    "4", "", "kill(-1)")
BUG(m_sends_to_group_0, minit_like,
    "4", "finit", "to its own group")
BUG(m_sends_sigchld, minit_like,
    "4", "", "passes SIGCHLD on too")
BUG(m_kills_the_group_if_refused, minit_like,
    "4", "", "a restart that is refused makes it kill the group of the child that it has reaped")
BUG(m_sends_to_everyone_at_last, minit_like,
    "4", "", "after a refused restart the second signal goes to everyone, behind what is known there")
BUG(m_sleeps_before_its_session, minit_like,
    "2", "", "its child sleeps before setsid, where a moment is known to be")
BUG(m_leaves_the_session, minit_like,
    "5", "", "no setsid")
BUG(m_leaves_the_mask, minit_like,
    "5", "", "the child begins with all signals blocked")
BUG(m_restores_the_mask, minit_like,
    "5", "", "the child gets the mask that init began with")
BUG(m_executes_another, minit_like,
    "5", "", "another path")
BUG(m_leaks_a_descriptor, minit_like,
    "5", "openSUSE/catatonit#28", "the child gets one of init's")
BUG(m_closes_the_output, minit_like,
    "5", "", "the child begins without a standard output")
BUG(m_drops_the_environment, minit_like,
    "5", "", "the child begins with an empty environment")
BUG(m_cuts_the_environment, minit_like,
    "5", "", "passes on 32 strings of the environment, as many as the kernel gives")
BUG(m_any_end_is_the_end, minit_like,
    "6", "", "does not look whose end it was")
BUG(m_asks_for_stops, minit_like,
    "6", "golang/go#60321", "WUNTRACED: a stop counts as the end")
BUG(m_ends_on_second_int, minit_like,
    "6", "", "SIGINT, and SIGINT again")
BUG(m_ends_on_term, minit_like,
    "6", "", "SIGTERM is for init itself")
BUG(m_status_without_128, minit_like,
    "7", "", "who was killed by 9 ended with 9")
BUG(m_core_flag_stays, minit_like,
    "7", "", "a core dump adds 128 more")
BUG(m_exits_count_as_1, minit_like,
    "7", "tinylabscom/mvm#2039", "every failure is 1")
BUG(m_kills_are_successes, minit_like,
    "7 9", "coder/coder#21718", "who was killed ended with 0")
BUG(m_reports_the_last_status, minit_like,
    "7", "", "tells the status of whoever was reaped last")
BUG(m_says_nothing, minit_like,
    "7", "", "no word on the console")
BUG(m_names_no_path, minit_like,
    "7", "", "a failed start does not say of what")
BUG(m_never_syncs, minit_like,
    "8", "", "restarts with dirty disks")
BUG(m_syncs_after_the_delay, minit_like,
    "8", "", "lets disks be dirty for 30 seconds")
BUG(m_waits_3_seconds, minit_like,
    "9", "", "3 seconds in place of 30")
BUG(m_waits_29_seconds, minit_like,
    "9", "", "29 seconds in place of 30")
BUG(m_never_waits, minit_like,
    "9", "", "restarts at once, whatever the status")
BUG(m_waits_after_success, minit_like,
    "9", "", "30 seconds after status 0 too")
BUG(m_failed_exec_exits_0, minit_like,
    "9", "", "who could not be executed counts as a success")
BUG(m_waits_5_minutes, minit_like,
    "10", "", "300 seconds in place of 30")
BUG(m_runs_on_after_exec, minit_like,
    "10", "", "the child whose exec failed runs on, into the loop of init")
BUG(m_powers_off, minit_like,
    "10", "", "switches off")
BUG(m_halts, minit_like,
    "10", "", "halts")
BUG(m_goes_on, minit_like,
    "10", "", "waits for signals again in place of the restart")
BUG(m_exits_at_the_end, minit_like,
    "11", "linuxboot/heads#833", "exits in place of a restart")
BUG(m_exits_if_refused, minit_like,
    "11", "", "a restart that is refused ends it")
BUG(m_polls_without_pause, minit_like,
    "15", "fpco/pid1-rs#1", "100 % of a processor")
BUG(m_spins_while_children_live, minit_like,
    "15", "hashicorp/consul-template#507", "WNOHANG returns 0 and it asks again")
