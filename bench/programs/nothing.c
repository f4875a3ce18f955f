/* The smallest static glibc program: what the start of a process costs. */
int main(void) { return 0; }
