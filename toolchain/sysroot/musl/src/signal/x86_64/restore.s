/* Signals are delivered by the tender, whose gate page holds the restorer; nothing may return through this one. */
	.text
	.global __restore_rt
	.hidden __restore_rt
	.type __restore_rt,@function
__restore_rt:
	ud2
