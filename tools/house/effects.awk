# SPDX-License-Identifier: BSD-2-Clause
# The table of rooms, then FILE LINE CODE of user space, tabs between. See tools/house/rooms.

BEGIN {
	time = "(^|[^a-z_0-9])(clock_[a-z_0-9]+|gettimeofday|time|ftime)\\("
	io = "(^|[^a-z_0-9.>])(open|openat|creat|fopen|fdopen|popen|read|pread|write|pwrite|f?printf|v?dprintf|" \
	     "puts|fputs|fputc|fwrite|fread|fgets|getline|perror|send|sendmsg|sendto|recv|recvmsg|recvfrom|" \
	     "socket|connect|bind|accept4?|ioctl|syscall|getenv|system|execv[pe]*|fork|sleep|usleep|nanosleep|" \
	     "poll|epoll_[a-z0-9]+|select|kill|log_[a-z]+)\\("
}

NR == FNR {
	effects[$1] = $4
	next
}

{
	split($1, path, "/")
	room = path[2]
}
room == "base" && path[3] ~ /^clock[.]/ { next }
effects[room] !~ /clock/ && $3 ~ time {
	print "clock", $1 ":" $2, "'" room "' reads the time: pass it in, or let a room above do it"
}
room != "base" && effects[room] !~ /log/ && $3 ~ /(^|[^a-z_0-9])log_(error|warning|info|message)\(/ {
	print "log", $1 ":" $2, "'" room "' writes no log: return the error"
}
effects[room] ~ /pure/ {
	if ($3 ~ io)
		print "pure", $1 ":" $2, "'" room "' is pure: no I/O"
	# A pointer to a function as a parameter, a variable or a member has a declaration of the form (*name)(…).
	if (match($3, /\(\*[a-z_0-9]+\)\(/)) {
		name = substr($3, RSTART + 2, RLENGTH - 4)
		pointer[$1, name] = 1
	}
	text = $3
	while (match(text, /[a-z_0-9]+\(/)) {
		name = substr(text, RSTART, RLENGTH - 1)
		before = substr(text, 1, RSTART - 1)
		if (before ~ /(->|[.])$/ && before !~ /(^|[^a-z_0-9])ops(->|[.])$/ ||
		    before !~ /(->|[.])$/ && ($1, name) in pointer)
			print "pure", $1 ":" $2, "'" room "' is pure: '" name "' is a function pointer outside ops"
		text = substr(text, RSTART + RLENGTH)
	}
}
