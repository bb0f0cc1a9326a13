<?php
namespace App;

use Example\Greeting;

class Handler
{
    public function handle(string $data): string
    {
        return $data === 'throw' ? throw new \Exception('thrown on purpose') : Greeting::from($data);
    }
}
