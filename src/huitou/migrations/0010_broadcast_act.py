from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("huitou", "0008_settings_and_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name='BroadcastAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField()),
                ('broadcast', models.TextField()),
                ('other', models.TextField(default='')),
                ('is_room', models.BooleanField(default=False)),
                ('title', models.TextField(null=True)),
                ('started_at', models.BigIntegerField(null=True)),
                ('ended_at', models.BigIntegerField(null=True)),
                ('operator', models.TextField(default='')),
                ('cancelled', models.IntegerField(default=0)),
                ('occurred_at', models.BigIntegerField()),
            ],
            options={
                'db_table': 'broadcast_act',
            },
        ),
    ]
